#include "udp_batch.h"

#include <arpa/inet.h>
#include <errno.h>

/* Keeps the last number read after the socket is closed. */
void read_overflow(struct batch_socket *socket) {
#ifdef SO_MEMINFO
  enum { DROPS = 8, FIELDS = 9 }; /* of linux/sock_diag.h */
  uint32_t fields[FIELDS];
  socklen_t length = sizeof fields;
  if (socket->fd < 0 || getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, fields, &length) != 0)
    return;
  if (length == sizeof fields) socket->counters.overflowed = fields[DROPS];
#else
  (void)socket;
#endif
}

/* address(handle): [address, port]. */
napi_value address(napi_env env, napi_callback_info info) {
  napi_value value, text_value, result;
  union endpoint endpoint;
  socklen_t length = sizeof endpoint;
  char text[INET6_ADDRSTRLEN];
  struct batch_socket *socket = begin(env, info, 1, &value);
  if (!socket) return NULL;
  if (getsockname(socket->fd, &endpoint.any, &length) != 0)
    return throw_system_error(env, "getsockname", errno);
  const bool ipv4 = endpoint.any.sa_family == AF_INET;
  const void *bytes =
      ipv4 ? (const void *)&endpoint.ipv4.sin_addr : (const void *)&endpoint.ipv6.sin6_addr;
  inet_ntop(endpoint.any.sa_family, bytes, text, sizeof text);
  if (napi_create_array_with_length(env, 2, &result) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &text_value) != napi_ok) return NULL;
  napi_set_element(env, result, 0, text_value);
  napi_set_element(env, result, 1,
                   number(env, ntohs(ipv4 ? endpoint.ipv4.sin_port : endpoint.ipv6.sin6_port)));
  return result;
}

/* bufferSize(handle, sending): the size of a buffer as the system reports it, in bytes. */
napi_value buffer_size(napi_env env, napi_callback_info info) {
  napi_value values[2];
  bool sending;
  int bytes = 0;
  socklen_t length = sizeof bytes;
  struct batch_socket *socket = begin(env, info, 2, values);
  if (!socket || napi_get_value_bool(env, values[1], &sending) != napi_ok) return NULL;
  if (getsockopt(socket->fd, SOL_SOCKET, sending ? SO_SNDBUF : SO_RCVBUF, &bytes, &length) != 0) {
    return throw_system_error(env, "getsockopt", errno);
  }
  return number(env, (uint32_t)bytes);
}

/* counters(handle, target): writes the counters as doubles, returns the last error. Works after
 * close. */
napi_value counters(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t count = 2;
  void *data;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_external(env, values[0], &data) != napi_ok) return NULL;
  struct batch_socket *socket = data;
  struct counters *target = memory(env, values[1], sizeof *target);
  if (!target) return NULL;
  read_overflow(socket);
  *target = socket->counters;
  return number(env, (uint32_t)socket->last_error);
}
