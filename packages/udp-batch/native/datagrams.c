#include "udp_batch.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* receive(handle, input, records): the number of datagrams received, or FAILED. */
napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[3];
  struct batch_socket *socket = begin(env, info, 3, values);
  if (!socket) return NULL;
  const struct parameters *p = &socket->parameters;
  uint8_t *input = memory(env, values[1], (size_t)p->batch_size * p->input_stride);
  struct record *records =
      input ? memory(env, values[2], (size_t)p->batch_size * sizeof *records) : NULL;
  if (!records) return NULL;

  if (socket->armed_input != input) {
    socket->armed_input = input;
    for (size_t index = 0; index < p->batch_size; index++) {
      socket->incoming.parts[index] =
          (struct iovec){input + index * p->input_stride, p->max_datagram};
    }
  }
  /* MSG_TRUNC: the length as sent, even if the buffer is shorter. */
  const int flags = MSG_DONTWAIT | (p->flags & KEEP_TRUNCATED ? MSG_TRUNC : 0);
  /* Bypasses the C library: the structures are the kernel's, and musl implements these two calls by
   * loops. */
  long received;
  do {
    received =
        syscall(SYS_recvmmsg, socket->fd, socket->incoming.messages, p->batch_size, flags, NULL);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    if (errno == EAGAIN) return number(env, 0);
    count_error(socket, errno);
    return number(env, FAILED);
  }

  uint32_t kept = 0;
  for (size_t index = 0; index < (size_t)received; index++) {
    struct mmsghdr *message = &socket->incoming.messages[index];
    struct record *record = &records[kept];
    record->local_length = 0;
    if (socket->wildcard) {
      read_local(&message->msg_hdr, record);
      message->msg_hdr.msg_controllen = sizeof(union control);
    }
    message->msg_hdr.msg_namelen = sizeof(union endpoint);
    if (message->msg_hdr.msg_flags & MSG_TRUNC) {
      socket->counters.truncated++;
      if (!(p->flags & KEEP_TRUNCATED)) continue;
    }
    /* Only dropped datagrams leave gaps, in which case all others are complete. */
    if (kept != index)
      memcpy(input + (size_t)kept * p->input_stride, input + index * p->input_stride,
             message->msg_len);
    read_source(&socket->incoming.endpoints[index], record);
    record->length = (uint16_t)message->msg_len;
    record->outgoing = 0;
    kept++;
  }
  socket->counters.received += kept;
  return number(env, kept);
}

/*
 * send(handle, output, records, from, to): sends the outgoing datagrams of the records from `from`
 * to `to`. Returns the index of the first that the system cannot take now, or `to`. Adds FAILED if
 * it has rejected any.
 */
napi_value send_records(napi_env env, napi_callback_info info) {
  napi_value values[5];
  uint32_t from, to, count = 0, done = 0, failed = 0;
  struct batch_socket *socket = begin(env, info, 5, values);
  if (!socket) return NULL;
  if (napi_get_value_uint32(env, values[3], &from) != napi_ok ||
      napi_get_value_uint32(env, values[4], &to) != napi_ok)
    return NULL;
  const size_t stride = socket->parameters.output_stride;
  if (from > to || to > socket->parameters.send_size) to = from;
  uint8_t *output = memory(env, values[1], to * stride);
  const struct record *records = output ? memory(env, values[2], to * sizeof *records) : NULL;
  if (!records) return NULL;

  struct mmsghdr *messages = socket->outgoing.messages;
  for (size_t index = from; index < to; index++) {
    const struct record *record = &records[index];
    if (record->outgoing == 0 || record->outgoing - 1u > stride) continue;
    socket->outgoing.parts[count] = (struct iovec){output + index * stride, record->outgoing - 1u};
    messages[count].msg_hdr.msg_namelen =
        write_destination(record, socket->family, &socket->outgoing.endpoints[count]);
    if (socket->wildcard)
      write_local(record, socket->family, &messages[count].msg_hdr,
                  &socket->outgoing.controls[count]);
    count++;
  }
  while (done < count) {
    const long sent =
        syscall(SYS_sendmmsg, socket->fd, messages + done, count - done, MSG_DONTWAIT);
    if (sent > 0) {
      socket->counters.sent += (double)sent;
      done += (uint32_t)sent;
    } else if (errno == EAGAIN) {
      for (to = from; output + to * stride != socket->outgoing.parts[done].iov_base;) to++;
      break;
    } else if (errno != EINTR) {
      /* Only the first datagram was rejected. */
      count_error(socket, errno);
      failed = FAILED;
      done++;
    }
  }
  return number(env, to | failed);
}
