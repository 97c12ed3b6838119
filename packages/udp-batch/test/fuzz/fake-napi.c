#include "fakes.h"

#include <string.h>

enum kind { UNDEFINED, NUMBER, BOOLEAN, TEXT, MEMORY, EXTERNAL, OBJECT };

struct napi_value__ {
  enum kind kind;
  uint32_t number;
  size_t length;
  uint8_t *data;
  void *external;
  napi_finalize finalize;
  struct napi_value__ *next;
};

struct napi_callback_info__ {
  size_t count;
  const napi_value *values;
};

struct napi_async_cleanup_hook_handle__ {
  napi_async_cleanup_hook hook;
  void *argument;
  bool ended;
  struct napi_async_cleanup_hook_handle__ *next;
};

static struct napi_value__ *values;
static struct napi_async_cleanup_hook_handle__ *hooks;
static bool pending;
static int references, contexts, scopes;

static napi_value new_value(enum kind kind) {
  napi_value value = calloc(1, sizeof *value);
  value->kind = kind;
  value->next = values;
  values = value;
  return value;
}

napi_value new_undefined(void) {
  return new_value(UNDEFINED);
}

napi_value new_number(uint32_t number) {
  napi_value value = new_value(NUMBER);
  value->number = number;
  return value;
}

napi_value new_boolean(bool boolean) {
  napi_value value = new_value(BOOLEAN);
  value->number = boolean;
  return value;
}

napi_value new_text(const char *text) {
  napi_value value = new_value(TEXT);
  value->length = strlen(text);
  value->data = (uint8_t *)strdup(text);
  return value;
}

/* Without bytes, it resembles a transferred one. */
napi_value new_memory(size_t length) {
  napi_value value = new_value(MEMORY);
  value->length = length;
  value->data = length == 0 ? NULL : calloc(1, length);
  return value;
}

void *memory_of(napi_value value) {
  return value->data;
}

size_t length_of(napi_value value) {
  return value->length;
}

napi_value call(napi_callback function, size_t count, const napi_value *arguments) {
  struct napi_callback_info__ info = {count, arguments};
  pending = false;
  napi_value result = function(NULL, &info);
  CHECK(!pending || !result);
  CHECK(scopes == 0);
  pending = false;
  return result;
}

bool returned_number(napi_value value, uint32_t *number) {
  if (value && value->kind == NUMBER) *number = value->number;
  return value && value->kind == NUMBER;
}

void collect(napi_value value) {
  napi_finalize finalize = value->finalize;
  value->finalize = NULL;
  if (value->kind == EXTERNAL) value->kind = UNDEFINED;
  if (finalize) finalize(NULL, value->external, NULL);
}

void end_environment(void) {
  for (struct napi_async_cleanup_hook_handle__ *hook = hooks; hook; hook = hook->next) {
    if (!hook->ended) hook->hook(hook, hook->argument);
  }
  turn_loop();
  for (napi_value value = values; value; value = value->next) collect(value);
  while (hooks) {
    struct napi_async_cleanup_hook_handle__ *hook = hooks;
    hooks = hook->next;
    CHECK(hook->ended);
    free(hook);
  }
  while (values) {
    napi_value value = values;
    values = value->next;
    free(value->data);
    free(value);
  }
  CHECK(references == 0 && contexts == 0);
}

static napi_status throw(void) {
  CHECK(!pending);
  pending = true;
  return napi_ok;
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count, napi_value *into,
                             napi_value *self, void **data) {
  (void)env, (void)self, (void)data;
  for (size_t index = 0; index < *count; index++)
    into[index] = index < info->count ? info->values[index] : new_undefined();
  *count = info->count;
  return napi_ok;
}

napi_status napi_get_value_external(napi_env env, napi_value value, void **result) {
  (void)env;
  if (!value || value->kind != EXTERNAL) return napi_invalid_arg;
  *result = value->external;
  return napi_ok;
}

napi_status napi_get_arraybuffer_info(napi_env env, napi_value value, void **data, size_t *length) {
  (void)env;
  if (value->kind != MEMORY) return napi_invalid_arg;
  *data = value->data;
  *length = value->length;
  return napi_ok;
}

napi_status napi_get_value_uint32(napi_env env, napi_value value, uint32_t *result) {
  (void)env;
  if (value->kind != NUMBER) return napi_number_expected;
  *result = value->number;
  return napi_ok;
}

napi_status napi_get_value_bool(napi_env env, napi_value value, bool *result) {
  (void)env;
  if (value->kind != BOOLEAN) return napi_boolean_expected;
  *result = value->number != 0;
  return napi_ok;
}

/* Truncates like Node. */
napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char *text, size_t size,
                                       size_t *length) {
  (void)env;
  if (value->kind != TEXT) return napi_string_expected;
  *length = value->length < size ? value->length : size - 1;
  memcpy(text, value->data, *length);
  text[*length] = '\0';
  return napi_ok;
}

napi_status napi_create_uint32(napi_env env, uint32_t number, napi_value *result) {
  (void)env;
  *result = new_number(number);
  return napi_ok;
}

napi_status napi_create_int32(napi_env env, int32_t number, napi_value *result) {
  return napi_create_uint32(env, (uint32_t)number, result);
}

napi_status napi_create_string_utf8(napi_env env, const char *text, size_t length,
                                    napi_value *result) {
  (void)env;
  CHECK(length == NAPI_AUTO_LENGTH);
  if (fails()) return napi_generic_failure;
  *result = new_text(text);
  return napi_ok;
}

static napi_status create_object(napi_value *result) {
  if (fails()) return napi_generic_failure;
  *result = new_value(OBJECT);
  return napi_ok;
}

napi_status napi_create_error(napi_env env, napi_value code, napi_value message,
                              napi_value *result) {
  (void)env, (void)code, (void)message;
  return create_object(result);
}

napi_status napi_create_array_with_length(napi_env env, size_t length, napi_value *result) {
  (void)env, (void)length;
  return create_object(result);
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char *name,
                                    napi_value value) {
  (void)env, (void)name;
  CHECK(object->kind == OBJECT && value);
  return napi_ok;
}

napi_status napi_set_element(napi_env env, napi_value object, uint32_t index, napi_value value) {
  (void)env, (void)index;
  CHECK(object->kind == OBJECT && value);
  return napi_ok;
}

napi_status napi_throw(napi_env env, napi_value error) {
  (void)env;
  CHECK(error->kind == OBJECT);
  return throw();
}

napi_status napi_throw_error(napi_env env, const char *code, const char *message) {
  (void)env, (void)code, (void)message;
  return throw();
}

napi_status napi_throw_range_error(napi_env env, const char *code, const char *message) {
  (void)env, (void)code, (void)message;
  return throw();
}

napi_status napi_create_external(napi_env env, void *data, napi_finalize finalize, void *hint,
                                 napi_value *result) {
  (void)env, (void)hint;
  if (fails()) return napi_generic_failure;
  *result = new_value(EXTERNAL);
  (*result)->external = data;
  (*result)->finalize = finalize;
  return napi_ok;
}

napi_status napi_create_reference(napi_env env, napi_value value, uint32_t count,
                                  napi_ref *result) {
  (void)env, (void)count;
  if (fails()) return napi_generic_failure;
  *result = (napi_ref)value;
  references++;
  return napi_ok;
}

napi_status napi_delete_reference(napi_env env, napi_ref reference) {
  (void)env;
  CHECK(reference);
  references--;
  return napi_ok;
}

napi_status napi_get_reference_value(napi_env env, napi_ref reference, napi_value *result) {
  (void)env;
  *result = (napi_value)reference;
  return napi_ok;
}

napi_status napi_async_init(napi_env env, napi_value resource, napi_value name,
                            napi_async_context *result) {
  (void)env, (void)resource;
  CHECK(name->kind == TEXT);
  if (fails()) return napi_generic_failure;
  *result = (napi_async_context)name;
  contexts++;
  return napi_ok;
}

napi_status napi_async_destroy(napi_env env, napi_async_context context) {
  (void)env;
  CHECK(context);
  contexts--;
  return napi_ok;
}

napi_status napi_add_async_cleanup_hook(napi_env env, napi_async_cleanup_hook hook, void *argument,
                                        napi_async_cleanup_hook_handle *result) {
  (void)env;
  if (fails()) return napi_generic_failure;
  *result = calloc(1, sizeof **result);
  **result = (struct napi_async_cleanup_hook_handle__){hook, argument, false, hooks};
  hooks = *result;
  return napi_ok;
}

napi_status napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle handle) {
  CHECK(handle && !handle->ended);
  handle->ended = true;
  return napi_ok;
}

napi_status napi_get_uv_event_loop(napi_env env, struct uv_loop_s **loop) {
  (void)env;
  *loop = NULL;
  return fails() ? napi_generic_failure : napi_ok;
}

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope *result) {
  (void)env;
  if (fails()) return napi_generic_failure;
  *result = NULL;
  scopes++;
  return napi_ok;
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
  (void)env, (void)scope;
  scopes--;
  return napi_ok;
}

napi_status napi_get_global(napi_env env, napi_value *result) {
  (void)env;
  *result = new_undefined();
  return napi_ok;
}

napi_status napi_get_boolean(napi_env env, bool boolean, napi_value *result) {
  (void)env;
  *result = new_boolean(boolean);
  return napi_ok;
}

napi_status napi_make_callback(napi_env env, napi_async_context context, napi_value self,
                               napi_value function, size_t count, const napi_value *arguments,
                               napi_value *result) {
  (void)env, (void)context, (void)self, (void)result;
  CHECK(function && count == 1 && arguments[0]->kind == BOOLEAN);
  return fails() ? napi_pending_exception : napi_ok;
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value *result) {
  (void)env;
  *result = new_undefined();
  return napi_ok;
}

napi_status napi_fatal_exception(napi_env env, napi_value error) {
  (void)env;
  CHECK(error);
  return napi_ok;
}

napi_status napi_define_properties(napi_env env, napi_value object, size_t count,
                                   const napi_property_descriptor *properties) {
  (void)env, (void)object, (void)count, (void)properties;
  return napi_ok;
}
