#include "fakes.h"
#include "../../native/uv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

/* The linker leads the native part's calls here; those that are not about a descriptor of ours go on to the system. */
enum { FIRST_DESCRIPTOR = 10000, MOST_DESCRIPTORS = 64, MOST_LENGTH = 65507 };

enum { CLOSED, FREE, OPEN };
static struct {
  int state;
  int family;
} descriptors[MOST_DESCRIPTORS];
static int descriptor_count;

struct fake_datagram arrived[MOST];
uint32_t arrived_count, taken_count;

struct uv_handle_s {
  void *data;
  void (*ready)(uv_handle_t *, int, int);
  void (*closed)(uv_handle_t *);
  int fd;
  int events;
  struct uv_handle_s *next;
};
static struct uv_handle_s *handles;

static bool is_ours(int fd) {
  return fd >= FIRST_DESCRIPTOR;
}

static int family_of(int fd) {
  CHECK(fd < FIRST_DESCRIPTOR + descriptor_count && descriptors[fd - FIRST_DESCRIPTOR].state == OPEN);
  return descriptors[fd - FIRST_DESCRIPTOR].family;
}

static int fail(int error) {
  errno = error;
  return -1;
}

void begin_system(void) {
  descriptor_count = 0;
  arrived_count = taken_count = 0;
}

void check_closed(void) {
  for (int index = 0; index < descriptor_count; index++) CHECK(descriptors[index].state == CLOSED);
  CHECK(!handles);
}

int __wrap_socket(int family, int type, int protocol) {
  (void)protocol;
  CHECK((family == AF_INET || family == AF_INET6) && (type & SOCK_NONBLOCK));
  if (descriptor_count == MOST_DESCRIPTORS || fails()) return fail(EMFILE);
  descriptors[descriptor_count].state = OPEN;
  descriptors[descriptor_count].family = family;
  return FIRST_DESCRIPTOR + descriptor_count++;
}

int __real_close(int fd);
int __wrap_close(int fd) {
  if (!is_ours(fd)) return __real_close(fd);
  (void)family_of(fd);
  descriptors[fd - FIRST_DESCRIPTOR].state = CLOSED;
  return 0;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
  CHECK(address->sa_family == family_of(fd));
  CHECK(length == (address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
  return fails() ? fail(EADDRINUSE) : 0;
}

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  if (!is_ours(fd)) return __real_setsockopt(fd, level, name, value, length);
  (void)family_of(fd);
  CHECK(length == sizeof(int));
  return fails() ? fail(EPERM) : 0;
}

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  if (!is_ours(fd)) return __real_getsockopt(fd, level, name, value, length);
  (void)family_of(fd);
  if (fails()) return fail(ENOPROTOOPT);
  memset(value, next_byte(), *length);
  return 0;
}

int __real_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  if (!is_ours(fd)) return __real_getsockname(fd, address, length);
  CHECK(*length >= sizeof(struct sockaddr_in6));
  if (fails()) return fail(ENOBUFS);
  memset(address, next_byte(), sizeof(struct sockaddr_in6));
  address->sa_family = (sa_family_t)family_of(fd);
  *length = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  return 0;
}

unsigned __wrap_if_nametoindex(const char *name) {
  return strcmp(name, "eth0") == 0 ? 2 : 0;
}

static const int errors[] = {EAGAIN, EINTR, ENOMEM, ENETUNREACH};

/* Writes a datagram as the system does: no more than there is room for. */
static void arrive(struct mmsghdr *message, int family, struct fake_datagram *datagram) {
  struct msghdr *header = &message->msg_hdr;
  CHECK(header->msg_namelen == sizeof(union endpoint) && header->msg_iovlen == 1);
  union endpoint *source = &datagram->source;
  memset(source, next_byte(), sizeof *source);
  if (family == AF_INET6 && next_byte() % 2 == 0) memcpy(&source->ipv6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  source->any.sa_family = (sa_family_t)family;
  const uint32_t length = next_number() % (MOST_LENGTH + 1), room = (uint32_t)header->msg_iov->iov_len;
  datagram->truncated = length > room;
  datagram->length = datagram->truncated ? room : length;
  datagram->fill = next_byte();
  memset(header->msg_iov->iov_base, datagram->fill, datagram->length);
  memcpy(header->msg_name, source, sizeof *source);
  header->msg_namelen = family == AF_INET ? sizeof source->ipv4 : sizeof source->ipv6;
  header->msg_flags = datagram->truncated ? MSG_TRUNC : 0;
  message->msg_len = datagram->length;
}

static long fake_recvmmsg(int fd, struct mmsghdr *messages, unsigned size) {
  const int family = family_of(fd);
  const uint8_t choice = next_byte();
  arrived_count = 0;
  if (choice >= 252) return fail(errors[choice - 252]);
  arrived_count = choice < size ? choice : size;
  for (uint32_t index = 0; index < arrived_count; index++) arrive(&messages[index], family, &arrived[index]);
  return arrived_count == 0 ? fail(EAGAIN) : (long)arrived_count;
}

static long fake_sendmmsg(int fd, struct mmsghdr *messages, unsigned size) {
  const int family = family_of(fd);
  const uint8_t choice = next_byte();
  CHECK(size > 0);
  if (choice >= 252) return fail(errors[choice - 252]);
  const unsigned count = 1 + choice % size;
  for (unsigned index = 0; index < count; index++) {
    const struct msghdr *header = &messages[index].msg_hdr;
    const union endpoint *destination = header->msg_name;
    const bool ipv4 = destination->any.sa_family == AF_INET;
    CHECK(header->msg_namelen == (ipv4 ? sizeof destination->ipv4 : sizeof destination->ipv6));
    CHECK(family == AF_INET || !ipv4);
    CHECK(header->msg_iovlen == 1 && header->msg_iov->iov_len <= UINT16_MAX);
    /* The system reads every byte. */
    uint8_t *copy = malloc(header->msg_iov->iov_len + 1);
    memcpy(copy, header->msg_iov->iov_base, header->msg_iov->iov_len);
    free(copy);
  }
  taken_count += count;
  return count;
}

long __wrap_syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  const int fd = va_arg(list, int);
  struct mmsghdr *messages = va_arg(list, struct mmsghdr *);
  const unsigned size = va_arg(list, unsigned);
  va_end(list);
  CHECK(number == SYS_recvmmsg || number == SYS_sendmmsg);
  return number == SYS_recvmmsg ? fake_recvmmsg(fd, messages, size) : fake_sendmmsg(fd, messages, size);
}

size_t uv_handle_size(int type) {
  CHECK(type == UV_POLL);
  return sizeof(struct uv_handle_s);
}

const char *uv_handle_type_name(int type) {
  return type == UV_POLL ? "poll" : NULL;
}

void *uv_handle_get_data(const uv_handle_t *handle) {
  return handle->data;
}

void uv_handle_set_data(uv_handle_t *handle, void *data) {
  handle->data = data;
}

int uv_poll_init(struct uv_loop_s *loop, uv_handle_t *poll, int fd) {
  (void)loop, (void)family_of(fd);
  if (fails()) return -ENOMEM;
  *poll = (struct uv_handle_s){.fd = fd, .next = handles};
  handles = poll;
  return 0;
}

int uv_poll_start(uv_handle_t *poll, int events, void (*ready)(uv_handle_t *, int, int)) {
  CHECK(!poll->closed && events != 0 && (events & ~(UV_READABLE | UV_WRITABLE)) == 0);
  if (fails()) return -EBADF;
  poll->ready = ready;
  poll->events = events;
  return 0;
}

int uv_poll_stop(uv_handle_t *poll) {
  CHECK(!poll->closed);
  poll->ready = NULL;
  return 0;
}

void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *)) {
  CHECK(!handle->closed);
  handle->closed = closed;
}

void turn_loop(void) {
  struct uv_handle_s *all = handles;
  handles = NULL;
  while (all) {
    struct uv_handle_s *handle = all;
    all = handle->next;
    if (!handle->closed && handle->ready) {
      const int status = next_byte() % 8 == 7 ? -EBADF : 0;
      void (*ready)(uv_handle_t *, int, int) = handle->ready;
      if (status != 0) handle->ready = NULL;
      ready(handle, status, handle->events);
    }
    if (handle->closed) {
      handle->closed(handle);
    } else {
      handle->next = handles;
      handles = handle;
    }
  }
}
