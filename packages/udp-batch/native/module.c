#include "udp_batch.h"
#include "uv.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether a system call exists and is allowed: without a descriptor, it fails on its arguments. */
static bool has_call(long call) {
  return syscall(call, -1, NULL, 0, 0, NULL) >= 0 || (errno != ENOSYS && errno != EPERM);
}

NAPI_MODULE_INIT() {
  const char *poll_name = uv_handle_type_name(UV_POLL);
  if (!poll_name || strcmp(poll_name, "poll") != 0) {
    napi_throw_error(env, NULL, "this runtime's libuv has other handle types");
    return NULL;
  }
  if (!has_call(SYS_recvmmsg) || !has_call(SYS_sendmmsg)) {
    napi_throw_error(env, NULL, "this system has no recvmmsg and sendmmsg");
    return NULL;
  }
  const napi_property_descriptor functions[] = {
      {"open", NULL, open_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"receive", NULL, receive, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send_records, NULL, NULL, NULL, napi_enumerable, NULL},
      {"watch", NULL, watch, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"address", NULL, address, NULL, NULL, NULL, napi_enumerable, NULL},
      {"bufferSize", NULL, buffer_size, NULL, NULL, NULL, napi_enumerable, NULL},
      {"counters", NULL, counters, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
