#include "udp_batch.h"

/* Reads the arguments of a call, the first of which must be an open socket. NULL, with an
 * exception, if it is closed. */
struct batch_socket *begin(napi_env env, napi_callback_info info, size_t count,
                           napi_value *values) {
  void *socket = NULL;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_external(env, values[0], &socket) != napi_ok ||
      ((struct batch_socket *)socket)->fd < 0) {
    napi_throw_error(env, NULL, "the socket is closed");
    return NULL;
  }
  return socket;
}

/*
 * The memory of an ArrayBuffer of at least `least` bytes; NULL, with an exception, for anything
 * else. Called each time, because an ArrayBuffer may be detached between two calls.
 */
void *memory(napi_env env, napi_value value, size_t least) {
  void *data = NULL;
  size_t length = 0;
  if (napi_get_arraybuffer_info(env, value, &data, &length) == napi_ok && data != NULL &&
      length >= least)
    return data;
  napi_throw_range_error(env, NULL, "the memory is too small, or has been transferred");
  return NULL;
}

napi_value number(napi_env env, uint32_t value) {
  napi_value result = NULL;
  napi_create_uint32(env, value, &result);
  return result;
}

/* Throws an error with `errno` and `syscall`, from which JavaScript makes the message. */
napi_value throw_system_error(napi_env env, const char *syscall_name, int error) {
  napi_value message, code, exception;
  if (napi_create_string_utf8(env, syscall_name, NAPI_AUTO_LENGTH, &message) != napi_ok)
    return NULL;
  if (napi_create_int32(env, -error, &code) != napi_ok ||
      napi_create_error(env, NULL, message, &exception) != napi_ok)
    return NULL;
  napi_set_named_property(env, exception, "errno", code);
  napi_set_named_property(env, exception, "syscall", message);
  napi_throw(env, exception);
  return NULL;
}
