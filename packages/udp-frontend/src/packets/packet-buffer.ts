/**
 * Memory for packets, as bytes, as integers, and as 16-bit words, by which peers are copied.
 */
export class PacketBuffer {
  readonly bytes: Buffer
  /** For single integers, as `Buffer`'s methods cost several times as much. */
  readonly view: DataView
  readonly words: Uint16Array

  /** `memory` must hold an even number of bytes. */
  constructor(memory: ArrayBuffer) {
    this.bytes = Buffer.from(memory)
    this.view = new DataView(memory)
    this.words = new Uint16Array(memory)
  }

  /** A buffer of at least `length` bytes. */
  static allocate(length: number): PacketBuffer {
    return new PacketBuffer(new ArrayBuffer((length + 1) & ~1))
  }
}
