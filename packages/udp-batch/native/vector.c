#include "udp_batch.h"

#include <stdlib.h>

bool allocate_vector(struct vector *vector, size_t count, bool controls) {
  vector->messages = calloc(count, sizeof *vector->messages);
  vector->parts = calloc(count, sizeof *vector->parts);
  vector->endpoints = calloc(count, sizeof *vector->endpoints);
  if (controls) vector->controls = calloc(count, sizeof *vector->controls);
  if (!vector->messages || !vector->parts || !vector->endpoints || (controls && !vector->controls))
    return false;
  for (size_t index = 0; index < count; index++) {
    struct msghdr *header = &vector->messages[index].msg_hdr;
    header->msg_name = &vector->endpoints[index];
    header->msg_namelen = sizeof(union endpoint);
    header->msg_iov = &vector->parts[index];
    header->msg_iovlen = 1;
    if (!controls) continue;
    header->msg_control = &vector->controls[index];
    header->msg_controllen = sizeof *vector->controls;
  }
  return true;
}

void free_vector(struct vector *vector) {
  free(vector->messages);
  free(vector->parts);
  free(vector->endpoints);
  free(vector->controls);
}
