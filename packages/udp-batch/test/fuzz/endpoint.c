/*
 * Fuzz target: addresses as text, in the system's form, and in JavaScript's. Only addresses are
 * read, and writing restores what was read.
 */
#include "fakes.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

static bool is_mapped(const struct sockaddr_in6 *address) {
  return IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
}

static void check_text(const uint8_t *data, size_t size) {
  union endpoint endpoint;
  struct in6_addr ipv6;
  struct in_addr ipv4;
  /* Exactly as long as needed, to detect reading beyond its end. */
  char *text = malloc(size + 1), *copy = malloc(size + 1);
  memcpy(text, data, size);
  text[size] = '\0';
  memcpy(copy, text, size + 1);
  const socklen_t length = parse_endpoint(text, 6881, &endpoint);
  char *zone = strchr(copy, '%');
  if (zone) *zone++ = '\0';
  if (length == sizeof endpoint.ipv4) {
    CHECK(!zone && inet_pton(AF_INET, copy, &ipv4) == 1 &&
          memcmp(&ipv4, &endpoint.ipv4.sin_addr, 4) == 0);
    CHECK(endpoint.any.sa_family == AF_INET && endpoint.ipv4.sin_port == htons(6881));
  } else if (length == sizeof endpoint.ipv6) {
    CHECK(inet_pton(AF_INET6, copy, &ipv6) == 1 &&
          memcmp(&ipv6, &endpoint.ipv6.sin6_addr, 16) == 0);
    CHECK(endpoint.any.sa_family == AF_INET6 && endpoint.ipv6.sin6_port == htons(6881));
    CHECK((zone != NULL) == (endpoint.ipv6.sin6_scope_id != 0));
  } else {
    CHECK(length == 0 && (zone || (inet_pton(AF_INET, copy, &ipv4) != 1 &&
                                   inet_pton(AF_INET6, copy, &ipv6) != 1)));
  }
  free(text);
  free(copy);
}

/* A source becomes a record, and the record the destination of its reply. */
static void check_reply(const uint8_t *data, size_t size) {
  struct record *record = calloc(1, sizeof *record);
  union endpoint source, destination;
  memset(&source, 0, sizeof source);
  memset(&destination, 0xee, sizeof destination);
  memcpy(&source, data, size < sizeof source ? size : sizeof source);
  source.any.sa_family = size % 2 == 0 ? AF_INET : AF_INET6;
  read_source(&source, record);
  CHECK(record->address_length == 4 || record->address_length == 16);
  const int family = source.any.sa_family;
  const socklen_t length = write_destination(record, family, &destination);
  CHECK(destination.any.sa_family == family &&
        length == (family == AF_INET ? sizeof source.ipv4 : sizeof source.ipv6));
  if (family == AF_INET) {
    CHECK(destination.ipv4.sin_port == source.ipv4.sin_port &&
          destination.ipv4.sin_addr.s_addr == source.ipv4.sin_addr.s_addr);
  } else {
    CHECK(destination.ipv6.sin6_port == source.ipv6.sin6_port &&
          destination.ipv6.sin6_flowinfo == 0);
    CHECK(memcmp(&destination.ipv6.sin6_addr, &source.ipv6.sin6_addr, 16) == 0);
    CHECK(is_mapped(&source.ipv6) || destination.ipv6.sin6_scope_id == source.ipv6.sin6_scope_id);
  }
  free(record);
}

/*
 * Any record that JavaScript fills in becomes an address of the socket's family or the longer one.
 */
static void check_record(const uint8_t *data, size_t size) {
  struct record *record = calloc(1, sizeof *record);
  union endpoint *destination = malloc(sizeof *destination);
  memcpy(record, data, size < sizeof *record ? size : sizeof *record);
  const int family = size % 2 == 0 ? AF_INET : AF_INET6;
  const socklen_t length = write_destination(record, family, destination);
  CHECK(length == (destination->any.sa_family == AF_INET ? sizeof destination->ipv4
                                                         : sizeof destination->ipv6));
  free(destination);
  free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_text(data, size);
  check_reply(data, size);
  check_record(data, size);
  return 0;
}
