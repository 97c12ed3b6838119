#ifndef UDP_BATCH_UV_H
#define UDP_BATCH_UV_H

#include <stddef.h>

/*
 * The part of libuv in use, declared after its documentation, as not every Node ships uv.h. It has
 * been binary compatible since libuv 1.19. The size of handles comes from libuv, and the module
 * checks UV_POLL when it loads.
 */
typedef struct uv_handle_s uv_handle_t;
enum { UV_POLL = 8 };
enum { UV_READABLE = 1, UV_WRITABLE = 2 };
size_t uv_handle_size(int type);
const char *uv_handle_type_name(int type);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *));
int uv_poll_init(struct uv_loop_s *loop, uv_handle_t *poll, int fd);
int uv_poll_start(uv_handle_t *poll, int events,
                  void (*ready)(uv_handle_t *, int status, int events));
int uv_poll_stop(uv_handle_t *poll);

#endif
