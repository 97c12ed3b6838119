/**
 * One piece of memory that holds packets, seen as bytes, as integers, and as 16-bit words where
 * peers are copied.
 */
export class PacketBuffer {
  readonly bytes: Buffer
  /** For single integers: `Buffer`'s methods cost several times as much. */
  readonly view: DataView
  readonly words: Uint16Array

  /** `memory` must hold an even number of bytes. */
  constructor(memory: ArrayBuffer) {
    this.bytes = Buffer.from(memory)
    this.view = new DataView(memory)
    this.words = new Uint16Array(memory)
  }

  /** A buffer with room for `length` bytes at least. */
  static allocate(length: number): PacketBuffer {
    return new PacketBuffer(new ArrayBuffer((length + 1) & ~1))
  }
}
