#include "udp_batch.h"
#include "uv.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

static void release(struct batch_socket *socket) {
  if (--socket->owners > 0) return;
  free_vector(&socket->incoming);
  free_vector(&socket->outgoing);
  free(socket);
}

static void on_closed(uv_handle_t *poll) {
  struct batch_socket *socket = uv_handle_get_data(poll);
  free(poll);
  napi_remove_async_cleanup_hook(socket->cleanup_hook);
  release(socket);
}

static void shut(struct batch_socket *socket) {
  if (socket->fd < 0) return;
  read_overflow(socket);
  /* libuv allows closing the descriptor once uv_close has been called. */
  uv_close(socket->poll, on_closed);
  close(socket->fd);
  socket->fd = -1;
  napi_delete_reference(socket->env, socket->on_ready);
  napi_async_destroy(socket->env, socket->context);
}

/* The environment ends, and waits until on_closed has removed the hook. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  shut(data);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

/* Calls JavaScript when the socket is ready for an event of `watch`. */
static void on_ready(uv_handle_t *poll, int status, int events) {
  struct batch_socket *socket = uv_handle_get_data(poll);
  napi_env env = socket->env;
  (void)events;
  if (status < 0) {
    /* libuv has stopped watching because of a socket error. Reading the error clears it. */
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    count_error(socket, error != 0 ? error : -status);
  }
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, failed;
  if (napi_get_reference_value(env, socket->on_ready, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_get_boolean(env, status < 0, &failed) == napi_ok) {
    napi_status called =
        napi_make_callback(env, socket->context, receiver, callback, 1, &failed, NULL);
    napi_value exception;
    if (called == napi_pending_exception &&
        napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
      napi_fatal_exception(env, exception);
    }
  }
  napi_close_handle_scope(env, scope);
}

static void set_reuse_address(int fd, int value) {
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
}

/* Binds to the port that a wildcard socket holds. They share it for the time of this call only, so
 * that all others still get EADDRINUSE. */
static int bind_beside(int wildcard, int fd, const union endpoint *endpoint, socklen_t length) {
  set_reuse_address(wildcard, 1);
  set_reuse_address(fd, 1);
  const int result = bind(fd, &endpoint->any, length), error = errno;
  set_reuse_address(fd, 0);
  set_reuse_address(wildcard, 0);
  errno = error;
  return result;
}

/* Opens and binds. Returns the name of the failed call, with errno set, or NULL. */
static const char *open_descriptor(struct batch_socket *s, const union endpoint *endpoint,
                                   socklen_t length, const struct batch_socket *wildcard) {
  const struct parameters *p = &s->parameters;
  const int on = 1, ipv6_only = (p->flags & IPV6_ONLY) != 0;
  const int receive_buffer = (int)p->receive_buffer, send_buffer = (int)p->send_buffer;
  s->family = endpoint->any.sa_family;
  s->wildcard = is_wildcard(endpoint);
  s->fd = socket(s->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s->fd < 0) return "socket";
  if (s->family == AF_INET6 &&
      setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof ipv6_only) != 0)
    return "setsockopt";
  if (p->flags & REUSE_PORT && setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return "setsockopt";
  if (receive_buffer && setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof on) != 0)
    return "setsockopt";
  if (send_buffer && setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof on) != 0)
    return "setsockopt";
  if (s->wildcard && ask_for_local(s)) return "setsockopt";
  const int bound = wildcard ? bind_beside(wildcard->fd, s->fd, endpoint, length)
                             : bind(s->fd, &endpoint->any, length);
  return bound == 0 ? NULL : "bind";
}

/* Registers the socket with Node and libuv. Returns false when out of memory. */
static bool attach(struct batch_socket *socket, napi_value on_ready_function, napi_value *handle) {
  napi_env env = socket->env;
  struct uv_loop_s *loop;
  napi_value name;
  socket->poll = malloc(uv_handle_size(UV_POLL));
  if (!socket->poll) return false;
  if (!allocate_vector(&socket->incoming, socket->parameters.batch_size, socket->wildcard))
    return false;
  if (!allocate_vector(&socket->outgoing, socket->parameters.send_size, socket->wildcard))
    return false;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return false;
  if (napi_create_string_utf8(env, "UDPBATCH", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_reference(env, on_ready_function, 1, &socket->on_ready) != napi_ok) return false;
  if (napi_async_init(env, NULL, name, &socket->context) != napi_ok) return false;
  if (napi_add_async_cleanup_hook(env, on_environment_end, socket, &socket->cleanup_hook) !=
      napi_ok)
    return false;
  /* These come last, as they cannot be undone here. */
  if (uv_poll_init(loop, socket->poll, socket->fd) != 0) return false;
  uv_handle_set_data(socket->poll, socket);
  socket->owners = 1;
  if (napi_create_external(env, socket, on_handle_collected, NULL, handle) != napi_ok) {
    shut(socket);
    return true;
  }
  socket->owners = 2;
  return true;
}

static void abandon(struct batch_socket *socket) {
  if (socket->fd >= 0) close(socket->fd);
  free(socket->poll);
  if (socket->on_ready) napi_delete_reference(socket->env, socket->on_ready);
  if (socket->context) napi_async_destroy(socket->env, socket->context);
  if (socket->cleanup_hook) napi_remove_async_cleanup_hook(socket->cleanup_hook);
  release(socket);
}

/* open(address, parameters, onReady, wildcard?): a handle that does not read yet. With the handle
 * of a wildcard, it may be bound to the same port. */
napi_value open_socket(napi_env env, napi_callback_info info) {
  size_t count = 4, length = 0;
  napi_value values[4], handle = NULL;
  void *wildcard = NULL;
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  union endpoint endpoint;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return NULL;
  const struct parameters *parameters = memory(env, values[1], sizeof *parameters);
  if (!parameters) return NULL;
  const bool fits = parameters->max_datagram <= parameters->input_stride;
  const uint32_t batch_size = parameters->batch_size, send_size = parameters->send_size;
  if (!fits || batch_size == 0 || batch_size > MOST || send_size == 0 || send_size > MOST) {
    return throw_system_error(env, "socket", EINVAL);
  }
  if (napi_get_value_string_utf8(env, values[0], text, sizeof text, &length) != napi_ok)
    return NULL;
  const socklen_t endpoint_length = parse_endpoint(text, (uint16_t)parameters->port, &endpoint);
  if (endpoint_length == 0) return throw_system_error(env, "bind", EINVAL);
  napi_get_value_external(env, values[3], &wildcard); /* leaves NULL without a handle */

  struct batch_socket *socket = calloc(1, sizeof *socket);
  if (!socket) return throw_system_error(env, "socket", ENOMEM);
  socket->env = env;
  socket->parameters = *parameters;
  const char *failed = open_descriptor(socket, &endpoint, endpoint_length, wildcard);
  if (failed) {
    const int error = errno;
    abandon(socket);
    return throw_system_error(env, failed, error);
  }
  if (!attach(socket, values[2], &handle)) {
    abandon(socket);
    return throw_system_error(env, "socket", ENOMEM);
  }
  return handle;
}

/* watch(handle, events): calls onReady when the socket is ready for one of the events; 0 stops. */
napi_value watch(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t events;
  struct batch_socket *socket = begin(env, info, 2, values);
  if (!socket || napi_get_value_uint32(env, values[1], &events) != napi_ok) return NULL;
  events &= UV_READABLE | UV_WRITABLE;
  const int result =
      events == 0 ? uv_poll_stop(socket->poll) : uv_poll_start(socket->poll, (int)events, on_ready);
  return result == 0 ? NULL : throw_system_error(env, "poll", -result);
}

/* close(handle): does nothing for a closed handle. */
napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t count = 1;
  void *socket;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) == napi_ok &&
      napi_get_value_external(env, value, &socket) == napi_ok) {
    shut(socket);
  }
  return NULL;
}
