import { parseNetwork } from '@chihaya/bittorrent'
import type { JsonSchema } from '@chihaya/core'
import { parseGoAddress, parseUnixPath } from '@chihaya/listeners'
import type { Rule, YamlKey } from './spelling.ts'

const ADDRESSES =
  'host:port, such as :6969 or 192.0.2.1:6969 or [2001:db8::1]:6969, or a list of these'
const UNIX_ADDRESS =
  'unix: and an absolute path of at most 103 bytes, such as unix:/run/chihaya.sock'
const METRICS_ADDRESS = 'host:port, such as 127.0.0.1:6880 or :6880, or "" for no listener'
const EVERYWHERE = ':6969, 0.0.0.0:6969 and [::]:6969 all mean every address.'

/** A rule for text; other values are left to the schema. */
function textRule(accepts: (text: string) => boolean, allowed: (text: string) => string): Rule {
  return {
    accepts: (value) => typeof value !== 'string' || accepts(value),
    allowed: (value) => allowed(String(value)),
  }
}

function addressKey(option: string, schema: JsonSchema, rule: Rule): YamlKey {
  return {
    option,
    schema: { ...schema, type: ['string', 'array'], items: { type: 'string' } },
    items: { schema: { type: 'string' }, allowed: ADDRESSES, rule },
    allowed: ADDRESSES,
    rule,
    summary: 'an address, or a list of addresses',
  }
}

const ADDRESS_EXAMPLES = [':6969', '192.0.2.1:6969', '[2001:db8::1]:6969']

/** One address or a list of them. */
export const addresses: YamlKey = addressKey(
  'addresses',
  {
    description: `Where to listen: host:port, or a list of these. ${EVERYWHERE}`,
    examples: ADDRESS_EXAMPLES,
  },
  textRule(
    (text) => parseGoAddress(text) !== undefined,
    () => ADDRESSES,
  ),
)

/** The same where Unix sockets are allowed as well. */
export const httpAddresses: YamlKey = addressKey(
  'addresses',
  {
    description: `Where to listen: host:port, unix:/path of a Unix socket, or a list of these. ${EVERYWHERE}`,
    examples: [...ADDRESS_EXAMPLES, 'unix:/run/chihaya/http.sock'],
  },
  textRule(
    (text) => (parseUnixPath(text) ?? parseGoAddress(text)) !== undefined,
    (text) => (text.startsWith('unix:') ? UNIX_ADDRESS : ADDRESSES),
  ),
)

/** A key for lists of addresses, CIDR ranges, and the given `others`. */
export function networks(key: YamlKey, others: readonly string[] = []): YamlKey {
  const allowed = `an address or a range, such as ${['192.0.2.1', '10.0.0.0/8', ...others].join(' or ')}`
  const rule = textRule(
    (text) => others.includes(text) || isNetwork(text),
    () => allowed,
  )
  const items = { schema: { type: 'string' }, allowed, rule }
  return { ...key, items, summary: key.allowed ?? 'a list of networks' }
}

function isNetwork(text: string): boolean {
  try {
    parseNetwork(text)
    return true
  } catch {
    return false
  }
}

/** Where the operator is served. */
export const metricsAddress: YamlKey = {
  option: 'metricsAddress',
  schema: {
    description:
      'Where /metrics, /healthz, /readyz, /stats and /stats.json are served; "" for nowhere. When the key is absent, a port in use is only a warning.',
    type: 'string',
    default: '127.0.0.1:6880',
    examples: ['127.0.0.1:6880', '0.0.0.0:6880'],
  },
  allowed: METRICS_ADDRESS,
  summary: 'an address, or ""',
  rule: textRule(
    (text) => text === '' || parseGoAddress(text) !== undefined,
    () => METRICS_ADDRESS,
  ),
}
