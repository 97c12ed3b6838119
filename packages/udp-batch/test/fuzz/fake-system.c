#include "fakes.h"
#include "../../native/uv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * The linker redirects the native part's calls here. Calls with other descriptors go to the system.
 */
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
  CHECK(fd < FIRST_DESCRIPTOR + descriptor_count &&
        descriptors[fd - FIRST_DESCRIPTOR].state == OPEN);
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
  CHECK(length ==
        (address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
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
  *length =
      address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  return 0;
}

unsigned __wrap_if_nametoindex(const char *name) {
  return strcmp(name, "eth0") == 0 ? 2 : 0;
}

static const int errors[] = {EAGAIN, EINTR, ENOMEM, ENETUNREACH};

static void write_entry(uint8_t *at, int level, int type, const void *data, size_t size) {
  struct cmsghdr *entry = (struct cmsghdr *)at;
  entry->cmsg_level = level;
  entry->cmsg_type = type;
  entry->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(entry), data, size);
}

/* Writes the local address, in full, in part or not at all. */
static void tell_local(struct msghdr *header, int family, struct fake_datagram *datagram) {
  uint8_t *control = header->msg_control;
  datagram->local = 0;
  if (!control) return;
  CHECK(header->msg_controllen == sizeof(union control));
  const uint8_t choice = next_byte(), byte = (uint8_t)(1 + next_byte() % 254);
  struct in_pktinfo ipv4 = {.ipi_ifindex = 2};
  struct in6_pktinfo ipv6 = {.ipi6_ifindex = 2};
  memset(&ipv4.ipi_spec_dst, byte, 4);
  memset(&ipv6.ipi6_addr, byte, 16);
  header->msg_controllen = 0;
  if (choice < 128 && family == AF_INET) {
    write_entry(control, IPPROTO_IP, IP_PKTINFO, &ipv4, sizeof ipv4);
    header->msg_controllen = CMSG_SPACE(sizeof ipv4);
    datagram->local = byte;
  } else if (choice < 128) {
    write_entry(control, IPPROTO_IPV6, IPV6_PKTINFO, &ipv6, sizeof ipv6);
    header->msg_controllen = CMSG_SPACE(sizeof ipv6);
    if (choice < 64) {
      write_entry(control + header->msg_controllen, IPPROTO_IP, IP_PKTINFO, &ipv4, sizeof ipv4);
      header->msg_controllen += CMSG_SPACE(sizeof ipv4);
    }
    datagram->local = choice < 64 ? byte : byte == 0xff ? 0 : byte;
  } else if (choice < 192) {
    /* Even impossible lengths must stay within bounds. */
    header->msg_controllen = choice % (sizeof(union control) + 1);
    for (size_t at = 0; at < header->msg_controllen; at++) control[at] = next_byte();
  }
}

/* Writes a datagram like the system, up to the room for it. */
static void arrive(struct mmsghdr *message, int family, int flags, struct fake_datagram *datagram) {
  struct msghdr *header = &message->msg_hdr;
  CHECK(header->msg_namelen == sizeof(union endpoint) && header->msg_iovlen == 1);
  union endpoint *source = &datagram->source;
  memset(source, next_byte(), sizeof *source);
  if (family == AF_INET6 && next_byte() % 2 == 0)
    memcpy(&source->ipv6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  source->any.sa_family = (sa_family_t)family;
  const uint32_t room = (uint32_t)header->msg_iov->iov_len;
  datagram->length = next_number() % (MOST_LENGTH + 1);
  datagram->truncated = datagram->length > room;
  datagram->kept = datagram->truncated ? room : datagram->length;
  datagram->fill = next_byte();
  memset(header->msg_iov->iov_base, datagram->fill, datagram->kept);
  memcpy(header->msg_name, source, sizeof *source);
  header->msg_namelen = family == AF_INET ? sizeof source->ipv4 : sizeof source->ipv6;
  header->msg_flags = datagram->truncated ? MSG_TRUNC : 0;
  message->msg_len = flags & MSG_TRUNC ? datagram->length : datagram->kept;
  tell_local(header, family, datagram);
}

static long fake_recvmmsg(int fd, struct mmsghdr *messages, unsigned size, int flags) {
  const int family = family_of(fd);
  const uint8_t choice = next_byte();
  arrived_count = 0;
  CHECK(flags & MSG_DONTWAIT);
  if (choice >= 252) return fail(errors[choice - 252]);
  arrived_count = choice < size ? choice : size;
  for (uint32_t index = 0; index < arrived_count; index++)
    arrive(&messages[index], family, flags, &arrived[index]);
  return arrived_count == 0 ? fail(EAGAIN) : (long)arrived_count;
}

/* The system reads every byte, and refuses incomplete messages. */
static void check_local(const struct msghdr *header, int family) {
  if (header->msg_controllen == 0) return;
  const struct cmsghdr *entry = header->msg_control;
  const size_t size = family == AF_INET ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
  CHECK(header->msg_controllen == CMSG_LEN(size) && entry->cmsg_len == CMSG_LEN(size));
  CHECK(entry->cmsg_level == (family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6));
  CHECK(entry->cmsg_type == (family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO));
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
    check_local(header, family);
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
  const int flags = va_arg(list, int);
  va_end(list);
  CHECK(number == SYS_recvmmsg || number == SYS_sendmmsg);
  return number == SYS_recvmmsg ? fake_recvmmsg(fd, messages, size, flags)
                                : fake_sendmmsg(fd, messages, size);
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
