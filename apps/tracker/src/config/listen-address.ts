import { isScalar, isSeq, type Node } from 'yaml'
import { parseGoAddress, type ListenAddress } from '../go-address.ts'
import { describeNode, type ConfigReader, type Located } from './reader.ts'

const ALLOWED = 'host:port, such as :6969 or 192.0.2.1:6969 or [2001:db8::1]:6969, or a list of these'

/** Reads one address or a list of them. */
export function readAddresses(reader: ConfigReader, place: Located, path: string): ListenAddress[] {
  const node = reader.node(place)
  if (!isSeq(node)) return readAddress(reader, place, path)
  return node.items.flatMap((item, index) => readAddress(reader, { key: item as Node, value: item as Node }, `${path}[${index}]`))
}

function readAddress(reader: ConfigReader, place: Located, path: string): ListenAddress[] {
  const node = reader.node(place)
  const value = isScalar(node) && typeof node.value !== 'string' ? node.source : isScalar(node) ? node.value : undefined
  const address = typeof value === 'string' ? parseGoAddress(value) : undefined
  if (address) return [{ ...address, key: path }]
  const given = node === undefined ? 'nothing' : describeNode(node, path)
  reader.problem(node ?? place.key, path, `${path} must be ${ALLOWED}, not ${given}`)
  return []
}
