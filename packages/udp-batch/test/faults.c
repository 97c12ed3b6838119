/*
 * Preloaded into a test's process: makes the system calls of udp_batch fail. Environment variables
 * select the failures, and may change at any time:
 *
 * - FAULT_SEND, FAULT_RECEIVE: the outcomes of successive calls. `.` is success, `a` EAGAIN,
 *   `i` EINTR, `m` ENOMEM, `n` ENETUNREACH, `h` accepts half of the datagrams, and `A` is EAGAIN
 *   from now on.
 * - FAULT_POLL: the number of times to report the socket that received last as broken.
 * - FAULT_OPTION: setsockopt fails for the option with this number.
 * - FAULT_NAME: getsockname fails.
 * - FAULT_MEMORY: calloc fails for this number of elements.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct script {
  const char *variable;
  char text[256];
  size_t position;
};

static struct script sending = {.variable = "FAULT_SEND"},
                     receiving = {.variable = "FAULT_RECEIVE"},
                     polling = {.variable = "FAULT_POLL"};
static int receiver = -1;

static char next(struct script *script) {
  const char *text = getenv(script->variable);
  if (!text) text = "";
  if (strcmp(text, script->text) != 0) {
    strncpy(script->text, text, sizeof script->text - 1);
    script->position = 0;
  }
  const char step = script->text[script->position];
  if (step != '\0' && step != 'A') script->position++;
  return step;
}

static int error_of(char step) {
  return step == 'a' || step == 'A' ? EAGAIN
         : step == 'i'              ? EINTR
         : step == 'm'              ? ENOMEM
         : step == 'n'              ? ENETUNREACH
                                    : 0;
}

static int is(const char *variable, size_t value) {
  const char *text = getenv(variable);
  return text && *text && strtoul(text, NULL, 10) == value;
}

static int fail(int error) {
  errno = error;
  return -1;
}

long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list list;
  long a[6];
  va_start(list, number);
  for (int index = 0; index < 6; index++) a[index] = va_arg(list, long);
  va_end(list);
  /* Without a descriptor it only asks whether there is such a call. */
  if ((number == SYS_sendmmsg || number == SYS_recvmmsg) && (int)a[0] >= 0) {
    const char step = next(number == SYS_sendmmsg ? &sending : &receiving);
    if (number == SYS_recvmmsg) receiver = (int)a[0];
    if (error_of(step)) return fail(error_of(step));
    if (step == 'h') a[2] = ((unsigned)a[2] + 1) / 2;
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int epoll_pwait(int epoll, struct epoll_event *events, int size, int timeout,
                const sigset_t *mask) {
  static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);
  if (!real)
    real = (int (*)(int, struct epoll_event *, int, int, const sigset_t *))dlsym(RTLD_NEXT,
                                                                                 "epoll_pwait");
  const int count = real(epoll, events, size, timeout, mask);
  for (int index = 0; index < count; index++) {
    if (events[index].data.fd == receiver && next(&polling) != '\0')
      events[index].events |= EPOLLERR;
  }
  return count;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  static int (*real)(int, int, int, const void *, socklen_t);
  if (!real) real = (int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");
  return is("FAULT_OPTION", (size_t)name) ? fail(EPERM) : real(fd, level, name, value, length);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  static int (*real)(int, struct sockaddr *, socklen_t *);
  if (!real) real = (int (*)(int, struct sockaddr *, socklen_t *))dlsym(RTLD_NEXT, "getsockname");
  return getenv("FAULT_NAME") ? fail(ENOBUFS) : real(fd, address, length);
}

void *__libc_calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size) {
  /* The dynamic linker calls this before there is an environment. */
  if (count > 1000 && count < 1024 && is("FAULT_MEMORY", count)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_calloc(count, size);
}
