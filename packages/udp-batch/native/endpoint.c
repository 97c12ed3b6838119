#include "udp_batch.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* Parses an address with an optional zone. Returns the length of the endpoint, or 0 for invalid
 * text. */
socklen_t parse_endpoint(char *text, uint16_t port, union endpoint *endpoint) {
  memset(endpoint, 0, sizeof *endpoint);
  if (inet_pton(AF_INET, text, &endpoint->ipv4.sin_addr) == 1) {
    endpoint->ipv4.sin_family = AF_INET;
    endpoint->ipv4.sin_port = htons(port);
    return sizeof endpoint->ipv4;
  }
  char *zone = strchr(text, '%');
  if (zone) *zone++ = '\0';
  if (inet_pton(AF_INET6, text, &endpoint->ipv6.sin6_addr) != 1) return 0;
  endpoint->ipv6.sin6_family = AF_INET6;
  endpoint->ipv6.sin6_port = htons(port);
  if (zone) {
    uint32_t scope = if_nametoindex(zone);
    if (scope == 0) scope = (uint32_t)strtoul(zone, NULL, 10);
    if (scope == 0) return 0;
    endpoint->ipv6.sin6_scope_id = scope;
  }
  return sizeof endpoint->ipv6;
}

void read_source(const union endpoint *source, struct record *record) {
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  record->scope = 0;
  if (source->any.sa_family == AF_INET) {
    record->address_length = 4;
    record->port = ntohs(source->ipv4.sin_port);
    memcpy(record->address, &source->ipv4.sin_addr, 4);
    return;
  }
  const uint8_t *address = source->ipv6.sin6_addr.s6_addr;
  record->port = ntohs(source->ipv6.sin6_port);
  if (memcmp(address, mapped, sizeof mapped) == 0) {
    record->address_length = 4;
    memcpy(record->address, address + sizeof mapped, 4);
  } else {
    record->address_length = 16;
    record->scope = source->ipv6.sin6_scope_id;
    memcpy(record->address, address, 16);
  }
}

socklen_t write_destination(const struct record *record, int family, union endpoint *destination) {
  if (family == AF_INET && record->address_length == 4) {
    destination->ipv4.sin_family = AF_INET;
    destination->ipv4.sin_port = htons(record->port);
    memcpy(&destination->ipv4.sin_addr, record->address, 4);
    return sizeof destination->ipv4;
  }
  uint8_t *address = destination->ipv6.sin6_addr.s6_addr;
  destination->ipv6.sin6_family = AF_INET6;
  destination->ipv6.sin6_port = htons(record->port);
  destination->ipv6.sin6_flowinfo = 0;
  destination->ipv6.sin6_scope_id = record->scope;
  if (record->address_length == 4) {
    memset(address, 0, 10);
    memset(address + 10, 0xff, 2);
    memcpy(address + 12, record->address, 4);
  } else {
    memcpy(address, record->address, 16);
  }
  return sizeof destination->ipv6;
}
