/** An address of this host that receives datagrams, and that replies are sent from. */
export interface LocalAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array
  /** The interface index of a link-local address; 0 for any other. */
  readonly scope: number
}
