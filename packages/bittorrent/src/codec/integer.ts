const MAX_DIGITS = 20
const UINT64_MAX = 2n ** 64n - 1n

/**
 * Parses an unsigned decimal of up to 64 bits: 1 to 20 digits and nothing else. Undefined for any
 * other text.
 */
export function parseUint64(text: string): bigint | undefined {
  if (!isDigits(text)) return undefined
  const value = BigInt(text)
  return value <= UINT64_MAX ? value : undefined
}

/**
 * Parses a decimal of up to 20 digits that may be negative, saturated at ±(2⁵³ − 1). Undefined for
 * any other text.
 */
export function parseInteger(text: string): number | undefined {
  const negative = text.startsWith('-')
  const digits = negative ? text.slice(1) : text
  if (!isDigits(digits)) return undefined
  const value = Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
  return negative ? 0 - value : value
}

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > MAX_DIGITS) return false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) return false
  }
  return true
}
