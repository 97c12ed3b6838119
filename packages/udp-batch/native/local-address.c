#include "udp_batch.h"

#include <string.h>

/*
 * The address that a datagram was sent to, which the reply has to come from: clients, and the address translators between,
 * drop what comes from another one. A socket that is bound to one address has no other. One that is bound to all of them is
 * told with every datagram, and tells with every reply (IP_PKTINFO, and RFC 3542 for IPv6).
 */

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/* Whether the socket may get datagrams for several addresses. */
bool is_wildcard(const union endpoint *endpoint) {
  static const uint8_t zeros[16], mapped_zeros[16] = {[10] = 0xff, 0xff};
  if (endpoint->any.sa_family == AF_INET) return endpoint->ipv4.sin_addr.s_addr == INADDR_ANY;
  const uint8_t *address = endpoint->ipv6.sin6_addr.s6_addr;
  return memcmp(address, zeros, sizeof zeros) == 0 || memcmp(address, mapped_zeros, sizeof mapped_zeros) == 0;
}

/* Has the system tell the local address of every datagram. Returns the name of the call that failed, with errno, or NULL. */
const char *ask_for_local(const struct batch_socket *socket) {
  const int fd = socket->fd, on = 1;
  if (socket->family == AF_INET6) {
    /* Lets addresses answer that a route alone makes local (AnyIP). Older systems do without, and IPv4 needs no permission. */
    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0) return "setsockopt";
    if (socket->parameters.flags & IPV6_ONLY) return NULL;
  }
  return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0 ? NULL : "setsockopt";
}

static void read_ipv4(const struct in_pktinfo *info, struct record *record) {
  record->local_length = 4;
  record->local_scope = 0;
  /* Not where it was sent to, which may be a broadcast or multicast address that nothing can be sent from. */
  memcpy(record->local, &info->ipi_spec_dst, 4);
}

static void read_ipv6(const struct in6_pktinfo *info, struct record *record) {
  const struct in6_addr *address = &info->ipi6_addr;
  /* IPv4 datagrams come with the other structure, too. */
  if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_MULTICAST(address)) return;
  record->local_length = 16;
  /* Any interface may be the one to answer through, unless the address is one of an interface alone. */
  record->local_scope = IN6_IS_ADDR_LINKLOCAL(address) ? info->ipi6_ifindex : 0;
  memcpy(record->local, address, 16);
}

/* Reads the local address out of what came with a datagram. Without one, the record is left as it is. */
void read_local(const struct msghdr *header, struct record *record) {
  const uint8_t *control = header->msg_control;
  const size_t length = header->msg_controllen;
  /* Not by CMSG_NXTHDR, which is a function of one C library. */
  for (size_t at = 0; at + CMSG_LEN(0) <= length;) {
    const struct cmsghdr *entry = (const void *)(control + at);
    if (entry->cmsg_len < CMSG_LEN(0) || entry->cmsg_len > length - at) return;
    const size_t size = entry->cmsg_len - CMSG_LEN(0);
    if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_PKTINFO && size >= sizeof(struct in_pktinfo)) {
      read_ipv4((const void *)CMSG_DATA(entry), record);
    } else if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_PKTINFO && size >= sizeof(struct in6_pktinfo)) {
      read_ipv6((const void *)CMSG_DATA(entry), record);
    }
    at += CMSG_SPACE(size);
  }
}

/* Has a message leave from the record's local address, if it has one. */
void write_local(const struct record *record, int family, struct msghdr *header, union control *control) {
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
  /* Without the padding behind it: that much the system copies without having to allocate memory. */
  header->msg_controllen = entry->cmsg_len;
}
