#include "udp_batch.h"

#include <string.h>

/*
 * The address that a datagram was sent to, which must be the source of the reply: clients and NATs
 * drop a reply from any other. A socket bound to one address has only that. For a socket bound to
 * the wildcard, the kernel attaches the address to each datagram, and takes it with each reply
 * (IP_PKTINFO, and RFC 3542 for IPv6).
 */

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/* Whether the socket may receive datagrams for several addresses. */
bool is_wildcard(const union endpoint *endpoint) {
  static const uint8_t zeros[16], mapped_zeros[16] = {[10] = 0xff, 0xff};
  if (endpoint->any.sa_family == AF_INET) return endpoint->ipv4.sin_addr.s_addr == INADDR_ANY;
  const uint8_t *address = endpoint->ipv6.sin6_addr.s6_addr;
  return memcmp(address, zeros, sizeof zeros) == 0 ||
         memcmp(address, mapped_zeros, sizeof mapped_zeros) == 0;
}

/* Asks for the local address of every datagram. Returns the name of the failed call, with errno
 * set, or NULL. */
const char *ask_for_local(const struct batch_socket *socket) {
  const int fd = socket->fd, on = 1;
  if (socket->family == AF_INET6) {
    /* Allows replies from addresses that only a route makes local (AnyIP). Optional, and not needed
     * for IPv4. */
    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0) return "setsockopt";
    if (socket->parameters.flags & IPV6_ONLY) return NULL;
  }
  return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0 ? NULL : "setsockopt";
}

static void read_ipv4(const struct in_pktinfo *info, struct record *record) {
  record->local_length = 4;
  record->local_scope = 0;
  /* Not ipi_addr, which may be a broadcast or multicast address and so no source. */
  memcpy(record->local, &info->ipi_spec_dst, 4);
}

static void read_ipv6(const struct in6_pktinfo *info, struct record *record) {
  const struct in6_addr *address = &info->ipi6_addr;
  /* IPv4 datagrams also come with an in_pktinfo. */
  if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_MULTICAST(address)) return;
  record->local_length = 16;
  /* The reply is routed, unless the address belongs to one interface. */
  record->local_scope = IN6_IS_ADDR_LINKLOCAL(address) ? info->ipi6_ifindex : 0;
  memcpy(record->local, address, 16);
}

/* Reads the local address of a datagram from its control messages. Without one, leaves the record
 * as it is. */
void read_local(const struct msghdr *header, struct record *record) {
  const uint8_t *control = header->msg_control;
  const size_t length = header->msg_controllen;
  /* CMSG_NXTHDR calls a function of the C library. */
  for (size_t at = 0; at + CMSG_LEN(0) <= length;) {
    const struct cmsghdr *entry = (const void *)(control + at);
    if (entry->cmsg_len < CMSG_LEN(0) || entry->cmsg_len > length - at) return;
    const size_t size = entry->cmsg_len - CMSG_LEN(0);
    if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_PKTINFO &&
        size >= sizeof(struct in_pktinfo)) {
      read_ipv4((const void *)CMSG_DATA(entry), record);
    } else if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_PKTINFO &&
               size >= sizeof(struct in6_pktinfo)) {
      read_ipv6((const void *)CMSG_DATA(entry), record);
    }
    at += CMSG_SPACE(size);
  }
}

/* Sets the source address of a message to the record's local address, if it has one. */
void write_local(const struct record *record, int family, struct msghdr *header,
                 union control *control) {
  header->msg_control = control;
  header->msg_controllen = 0;
  if (record->local_length != record->address_length) return;
  struct cmsghdr *entry = &control->first;
  if (family == AF_INET) {
    struct in_pktinfo info = {.ipi_ifindex = 0};
    memcpy(&info.ipi_spec_dst, record->local, 4);
    entry->cmsg_level = IPPROTO_IP;
    entry->cmsg_type = IP_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(entry), &info, sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_ifindex = record->local_scope};
    if (record->local_length == 4) {
      memset(info.ipi6_addr.s6_addr + 10, 0xff, 2);
      memcpy(info.ipi6_addr.s6_addr + 12, record->local, 4);
    } else {
      memcpy(info.ipi6_addr.s6_addr, record->local, 16);
    }
    entry->cmsg_level = IPPROTO_IPV6;
    entry->cmsg_type = IPV6_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(entry), &info, sizeof info);
  }
  /* Without the padding, the kernel copies it without allocating memory. */
  header->msg_controllen = entry->cmsg_len;
}
