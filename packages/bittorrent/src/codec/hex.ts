/** Lower-case hex of a byte string, for logs and lists. */
export function toHex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

/**
 * The byte string written in hex of either case, or undefined when `hex` is not hex or has an odd
 * length.
 */
export function fromHex(hex: string): string | undefined {
  if (hex.length % 2 !== 0) return undefined
  let text = ''
  for (let at = 0; at < hex.length; at += 2) {
    const high = hexDigit(hex.charCodeAt(at))
    const low = hexDigit(hex.charCodeAt(at + 1))
    if (high < 0 || low < 0) return undefined
    text += String.fromCharCode(high * 16 + low)
  }
  return text
}

/** The value of an ASCII hex digit of either case, or -1. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 0x20
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
