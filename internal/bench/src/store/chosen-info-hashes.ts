import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'

/** Infohashes as clients have them, or as an attacker chooses them to make hashes collide. */
export type Choice = 'random' | 'prefix' | 'crc32'

/** `count` infohashes: random, with the same first 16 bytes, or with the same CRC-32. */
export function chosenInfoHashes(choice: Choice, count: number): InfoHash[] {
  const prefix = randomBytes(16)
  const register = randomBytes(4).readUInt32LE()
  return Array.from({ length: count }, (_, number) => {
    const bytes = randomBytes(20)
    if (choice === 'prefix') {
      bytes.set(prefix)
      bytes.writeUInt32LE(number, 16)
    } else if (choice === 'crc32') {
      // Four bytes that bring the checksum's register to the same value.
      bytes.writeUInt32LE((crc32(bytes.subarray(0, 16)) ^ 0xffff_ffff ^ register) >>> 0, 16)
    }
    return infoHashFrom(bytes.toString('latin1')) as InfoHash
  })
}
