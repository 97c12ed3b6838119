/** One piece of memory that holds many datagrams, seen as bytes, and as words where they are copied rather than read. */
export class Slab {
  readonly bytes: Buffer
  /** For single integers: `Buffer`'s methods cost several times as much. */
  readonly view: DataView
  readonly words: Uint16Array
  readonly longs: Uint32Array

  /** `memory` must hold a multiple of four bytes. */
  constructor(memory: ArrayBuffer) {
    this.bytes = Buffer.from(memory)
    this.view = new DataView(memory)
    this.words = new Uint16Array(memory)
    this.longs = new Uint32Array(memory)
  }

  /** A slab with room for `length` bytes at least. */
  static allocate(length: number): Slab {
    return new Slab(new ArrayBuffer((length + 3) & ~3))
  }
}
