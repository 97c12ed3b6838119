import { BencodeWriter, utf8, type ClientError } from '@chihaya/bittorrent'

/** A refusal as clients read it (BEP 3), with the time to come back where one is given (BEP 31). */
export function writeFailure(reason: string, retryIn?: ClientError['retryIn']): Buffer {
  const writer = new BencodeWriter(64 + reason.length)
  writer.raw('d14:failure reason')
  writer.string(utf8(reason))
  const retry = retryValue(retryIn)
  if (retry !== undefined) {
    writer.raw('8:retry in')
    writer.value(retry)
  }
  writer.raw('e')
  return writer.take()
}

/**
 * Whole minutes, rounded up; a hook may have computed them, and a refusal must not fail on what it
 * got.
 */
function retryValue(retryIn: ClientError['retryIn']): number | 'never' | undefined {
  if (retryIn === undefined || retryIn === 'never') return retryIn
  const minutes = Math.ceil(retryIn)
  return Number.isSafeInteger(minutes) && minutes >= 0 ? minutes : undefined
}
