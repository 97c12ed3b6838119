/*
 * UDP sockets for Node that receive and send in batches, by recvmmsg and sendmmsg and the poll
 * handles of libuv.
 *
 * This part makes system calls and stays memory-safe for any arguments. The order of calls, the
 * send queue, and closing inside a callback are the task of batch-socket.ts.
 *
 * There are no global variables, as each environment (the main thread, a worker) has its own
 * sockets.
 */
#ifndef UDP_BATCH_H
#define UDP_BATCH_H

#define _GNU_SOURCE /* recvmmsg and its types */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* Constants shared with native.ts. */
enum { REUSE_PORT = 1, IPV6_ONLY = 2, KEEP_TRUNCATED = 4 };
enum { FAILED = 1 << 16 };

/* Datagrams in one system call: the kernel's UIO_MAXIOV. */
enum { MOST = 1024 };

/* A datagram in the table shared with records.ts, which has the same layout. */
struct record {
  uint8_t address[16]; /* the remote address */
  uint8_t local[16];   /* the local address */
  uint16_t port;
  uint16_t length;        /* as sent, even if the buffer is shorter */
  uint16_t outgoing;      /* length of the reply plus one; 0 for no reply */
  uint8_t address_length; /* 4 or 16 */
  uint8_t local_length;   /* 4 or 16; 0 lets the system choose */
  uint32_t scope;
  uint32_t local_scope;
};

_Static_assert(sizeof(struct record) == 48, "records.ts has this layout");

struct parameters {
  uint32_t port, flags, receive_buffer, send_buffer, batch_size, send_size, max_datagram,
      input_stride, output_stride;
};

struct counters {
  double received, sent, truncated, errors, overflowed;
};

union endpoint {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

/* Room for the control messages of a datagram: an in6_pktinfo, and an in_pktinfo for IPv4 on an
 * IPv6 socket. */
union control {
  struct cmsghdr first;
  uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* The arguments of recvmmsg or sendmmsg. */
struct vector {
  struct mmsghdr *messages;
  struct iovec *parts;
  union endpoint *endpoints;
  union control *controls; /* NULL for a socket bound to one address */
};

struct batch_socket {
  napi_env env;
  int fd; /* -1 before open and after close */
  int family;
  bool wildcard; /* bound to all addresses of the family */
  struct parameters parameters;
  struct uv_handle_s *poll;
  napi_ref on_ready;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup_hook;
  struct vector incoming, outgoing;
  uint8_t *armed_input; /* the memory that `incoming` points to */
  struct counters counters;
  int last_error;
  int owners; /* number of live handles: JavaScript's and libuv's */
};

static inline void count_error(struct batch_socket *socket, int error) {
  socket->counters.errors++;
  socket->last_error = error;
}

/* state.c */
void read_overflow(struct batch_socket *socket);

/* arguments.c */
struct batch_socket *begin(napi_env env, napi_callback_info info, size_t count, napi_value *values);
void *memory(napi_env env, napi_value value, size_t least);
napi_value number(napi_env env, uint32_t value);
napi_value throw_system_error(napi_env env, const char *syscall_name, int error);

/* vector.c */
bool allocate_vector(struct vector *vector, size_t count, bool controls);
void free_vector(struct vector *vector);

/* endpoint.c */
socklen_t parse_endpoint(char *text, uint16_t port, union endpoint *endpoint);
void read_source(const union endpoint *source, struct record *record);
socklen_t write_destination(const struct record *record, int family, union endpoint *destination);

/* local-address.c */
bool is_wildcard(const union endpoint *endpoint);
const char *ask_for_local(const struct batch_socket *socket);
void read_local(const struct msghdr *header, struct record *record);
void write_local(const struct record *record, int family, struct msghdr *header,
                 union control *control);

/* The functions of the module, documented at their definitions. */
napi_value open_socket(napi_env env, napi_callback_info info);
napi_value watch(napi_env env, napi_callback_info info);
napi_value close_socket(napi_env env, napi_callback_info info);
napi_value receive(napi_env env, napi_callback_info info);
napi_value send_records(napi_env env, napi_callback_info info);
napi_value address(napi_env env, napi_callback_info info);
napi_value buffer_size(napi_env env, napi_callback_info info);
napi_value counters(napi_env env, napi_callback_info info);

#endif
