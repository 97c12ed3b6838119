import { parseNetwork } from '@chihaya/bittorrent'
import { isScalar, isSeq, type Node } from 'yaml'
import { describeNode, type ConfigReader, type Located } from './reader.ts'
import type { YamlKey } from './yaml-schema.ts'

/**
 * A key whose lists hold addresses and CIDR ranges, and these `others`, each checked in its place.
 */
export function networksKey(key: YamlKey, others: readonly string[] = []): YamlKey {
  return {
    ...key,
    read(reader: ConfigReader, place: Located, path: string): unknown {
      const node = reader.node(place)
      if (!isSeq(node)) return reader.value(place, key, path)
      const texts = node.items.map((item, index) =>
        readNetwork(reader, item as Node, `${path}[${index}]`, others),
      )
      return texts.filter((text) => text !== undefined)
    },
  }
}

function readNetwork(
  reader: ConfigReader,
  item: Node,
  path: string,
  others: readonly string[],
): string | undefined {
  const node = reader.node({ key: item, value: item })
  const value: unknown = isScalar(node) ? node.value : undefined
  if (typeof value === 'string' && (isNetwork(value) || others.includes(value))) return value
  const given = node === undefined ? 'nothing' : describeNode(node, path)
  const examples = ['192.0.2.1', '10.0.0.0/8', ...others].join(' or ')
  reader.problem(
    item,
    path,
    `${path} must be an address or a range, such as ${examples}, not ${given}`,
  )
  return undefined
}

function isNetwork(text: string): boolean {
  try {
    parseNetwork(text)
    return true
  } catch {
    return false
  }
}
