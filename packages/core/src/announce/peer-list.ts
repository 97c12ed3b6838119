import {
  COMPACT_IPV4,
  compactLength,
  PEER_ID_LENGTH,
  writeByteString,
  type Address,
  type AddressFamily,
  type PeerId,
} from '@chihaya/bittorrent'

const NO_BYTES = new Uint8Array(0)
const NO_WORDS = new Uint16Array(0)

/**
 * Bytes of a buffer that kept lists share. A buffer for each list would cost a Redis store a tenth
 * of its time.
 */
const SHARED = 8192
let shared = NO_BYTES
let sharedWords = NO_WORDS
let used = 0

/**
 * Peers of one family in an answer, in their form on the wire: 6 or 18 bytes each (BEP 23, BEP 7),
 * with separate peer ids if the answer needs them. The memory may be that of the frontend's reply,
 * so that peers are copied once.
 */
export class PeerList {
  /** The form of the endpoints. WebRTC peers look like IPv4: 4 bytes of handle, 2 bytes of zero. */
  family: AddressFamily = 'ipv4'
  /** The number of peers in the list. */
  count = 0
  /**
   * The memory of the endpoints, as bytes and as 16-bit words. They begin at byte `at`, which is
   * even.
   */
  bytes: Uint8Array = NO_BYTES
  words: Uint16Array = NO_WORDS
  at = 0
  /** The number of peers that fit. */
  capacity = 0
  /**
   * The memory of the peer ids, as bytes and as 16-bit words; of length 0 if the answer needs no
   * peer ids.
   */
  idBytes: Uint8Array = NO_BYTES
  idWords: Uint16Array = NO_WORDS
  /** Whether `idBytes` holds the peer ids of the list. */
  hasPeerIds = false
  /** Whether nobody else writes to the memory of the endpoints. */
  #owns = false

  /** Makes an empty list in the memory of a reply. */
  borrow(
    family: AddressFamily,
    bytes: Uint8Array,
    words: Uint16Array,
    at: number,
    capacity: number,
  ): void {
    this.family = family
    this.bytes = bytes
    this.words = words
    this.at = at
    this.#owns = false
    this.capacity = capacity
    this.count = 0
    this.hasPeerIds = false
  }

  /** Releases the memory. */
  empty(): void {
    this.borrow(this.family, NO_BYTES, NO_WORDS, 0, 0)
  }

  /** Makes an empty list in private memory, with room for `count` peers and their peer ids. */
  reserve(family: AddressFamily, capacity: number, withPeerIds: boolean): void {
    const needed = capacity * compactLength(family)
    if (!this.#owns || this.bytes.length < needed) this.#allocate(needed)
    if (withPeerIds && this.idBytes.length < capacity * PEER_ID_LENGTH) {
      const memory = new ArrayBuffer(capacity * PEER_ID_LENGTH)
      this.idBytes = new Uint8Array(memory)
      this.idWords = new Uint16Array(memory)
    }
    this.family = family
    this.capacity = capacity
    this.count = 0
    this.hasPeerIds = false
  }

  /** The compact peers. The next announce may reuse their memory. */
  get endpoints(): Uint8Array {
    return this.bytes.subarray(this.at, this.at + this.count * compactLength(this.family))
  }

  /** The handle of a WebRTC peer in the list. */
  handle(index: number): number {
    const at = this.at + index * COMPACT_IPV4
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at).getUint32(0)
  }

  /** 20 bytes a peer in the same order; undefined if not wanted or not known. */
  get peerIds(): Uint8Array | undefined {
    return this.hasPeerIds ? this.idBytes.subarray(0, this.count * PEER_ID_LENGTH) : undefined
  }

  /** Replaces the list, up to its capacity. */
  set(endpoints: Uint8Array, peerIds?: Uint8Array): void {
    const width = compactLength(this.family)
    this.count = Math.min(Math.floor(endpoints.length / width), this.capacity)
    this.bytes.set(endpoints.subarray(0, this.count * width), this.at)
    this.hasPeerIds = peerIds !== undefined && this.idBytes.length > 0
    if (peerIds && this.hasPeerIds)
      this.idBytes.set(peerIds.subarray(0, this.count * PEER_ID_LENGTH))
  }

  /** Adds a peer, if there is room. */
  add(address: Address, port: number, peerId?: PeerId): void {
    if (this.count === this.capacity) return
    const at = this.at + this.count * (address.length + 2)
    this.bytes.set(address, at)
    this.bytes[at + address.length] = port >> 8
    this.bytes[at + address.length + 1] = port
    if (peerId !== undefined && this.idBytes.length > 0) {
      writeByteString(peerId, this.idBytes, this.count * PEER_ID_LENGTH)
      this.hasPeerIds = true
    }
    this.count++
  }

  /** Adds a WebRTC peer, if there is room. */
  addHandle(handle: number, peerId?: PeerId): void {
    this.add(handleBytes(handle), 0, peerId)
  }

  /** Moves the list to memory that no other announce uses. */
  keep(): void {
    const { endpoints, idBytes } = this
    this.#share(this.capacity * compactLength(this.family))
    if (this.count > 0) this.bytes.set(endpoints, this.at)
    if (idBytes.length === 0) return
    const memory = Uint8Array.from(idBytes).buffer
    this.idBytes = new Uint8Array(memory)
    this.idWords = new Uint16Array(memory)
  }

  #share(length: number): void {
    if (length > SHARED) return this.#allocate(length)
    if (used + length > shared.length) {
      const memory = new ArrayBuffer(SHARED)
      shared = new Uint8Array(memory)
      sharedWords = new Uint16Array(memory)
      used = 0
    }
    this.bytes = shared
    this.words = sharedWords
    this.at = used
    this.#owns = false
    // 6 and 18 are even, so the end is aligned for words.
    used += length
  }

  #allocate(length: number): void {
    const memory = new ArrayBuffer(length)
    this.bytes = new Uint8Array(memory)
    this.words = new Uint16Array(memory)
    this.at = 0
    this.#owns = true
  }
}

/** A handle in the form of an IPv4 address. */
function handleBytes(handle: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, handle)
  return bytes
}
