/** An address of this host that datagrams are sent to, and that replies leave from. */
export interface LocalAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array
  /** The index of the interface that a link-local address belongs to; 0 for other addresses. */
  readonly scope: number
}
