import { parseGoAddress, parseUnixPath } from '@chihaya/listeners'
import type { ListenAddress, HttpAddress } from './addresses.ts'
import { isScalar, isSeq, type Node } from 'yaml'
import { describeNode, type ConfigReader, type Located } from './reader.ts'

const ALLOWED =
  'host:port, such as :6969 or 192.0.2.1:6969 or [2001:db8::1]:6969, or a list of these'
const ALLOWED_UNIX =
  'unix: and an absolute path of at most 103 bytes, such as unix:/run/chihaya.sock'

type Parse<Address> = (text: string, key: string) => Address | undefined

/** Reads one address or a list of them. */
export function readAddresses(reader: ConfigReader, place: Located, path: string): ListenAddress[] {
  return readEach(reader, place, path, parseListenAddress)
}

/** The same where Unix sockets are allowed as well. */
export function readHttpAddresses(
  reader: ConfigReader,
  place: Located,
  path: string,
): HttpAddress[] {
  return readEach<HttpAddress>(reader, place, path, (text, key) => {
    const unix = parseUnixPath(text)
    return unix === undefined ? parseListenAddress(text, key) : { path: unix, key }
  })
}

function parseListenAddress(text: string, key: string): ListenAddress | undefined {
  const address = parseGoAddress(text)
  return address && { ...address, key }
}

function readEach<Address>(
  reader: ConfigReader,
  place: Located,
  path: string,
  parse: Parse<Address>,
): Address[] {
  const node = reader.node(place)
  if (!isSeq(node)) return readOne(reader, place, path, parse)
  return node.items.flatMap((item, index) =>
    readOne(reader, { key: item as Node, value: item as Node }, `${path}[${index}]`, parse),
  )
}

function readOne<Address>(
  reader: ConfigReader,
  place: Located,
  path: string,
  parse: Parse<Address>,
): Address[] {
  const node = reader.node(place)
  const value =
    isScalar(node) && typeof node.value !== 'string'
      ? node.source
      : isScalar(node)
        ? node.value
        : undefined
  const address = typeof value === 'string' ? parse(value, path) : undefined
  if (address) return [address]
  const given = node === undefined ? 'nothing' : describeNode(node, path)
  const allowed =
    typeof value === 'string' &&
    value.startsWith('unix:') &&
    (parse as unknown) !== parseListenAddress
      ? ALLOWED_UNIX
      : ALLOWED
  reader.problem(node ?? place.key, path, `${path} must be ${allowed}, not ${given}`)
  return []
}
