import { schemaTypes } from './describe-schema.ts'
import type { YamlKey } from './yaml-schema.ts'

/** What stands in the place of a secret. */
export const MASK = '********'
const SECRET_NAME =
  /(^|_)(\w*key|secret|password|passwd|passphrase|token|pfx|credentials?|private_key|broker)s?$/i
const PATH_NAME = /_(file|path)$/i
const BROKER_NAME = /(^|_)(url|broker)$/

/** What may be shown of a key's value. */
export function maskValue(name: string, key: YamlKey, value: unknown): unknown {
  if (key.schema.writeOnly === true)
    return BROKER_NAME.test(name) ? maskBroker(value) : maskAll(value)
  if (schemaTypes(key.schema).includes('object') || schemaTypes(key.schema).length === 0)
    return maskByName(name, value)
  return maskUrls(value)
}

/** What may be shown of a value that nothing is known of but its name. */
export function maskByName(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([inner, each]) => [inner, maskByName(inner, each)]),
    )
  }
  if (SECRET_NAME.test(name) && !PATH_NAME.test(name)) return maskAll(value)
  return Array.isArray(value) ? value.map((item) => maskByName(name, item)) : maskUrls(value)
}

function maskAll(value: unknown): unknown {
  if (value === null || value === '' || typeof value === 'boolean') return value
  return Array.isArray(value) ? value.map(maskAll) : MASK
}

/**
 * A URL of Redis without its password, which is all there is before the `@` when that has no colon.
 */
function maskBroker(value: unknown): unknown {
  const match =
    typeof value === 'string'
      ? /^(rediss?:\/\/)(?:(.*)@)?([^@/?#]+)(\/\d*)?(\?.*)?$/.exec(value)
      : null
  if (!match) return maskAll(value)
  const [, scheme = '', userinfo, host = '', path = '', query] = match
  const user =
    userinfo?.includes(':') === true ? `${userinfo.slice(0, userinfo.indexOf(':'))}:` : ''
  return `${scheme}${userinfo === undefined ? '' : `${user}${MASK}@`}${host}${path}${query === undefined ? '' : `?${MASK}`}`
}

/** Passwords may hide in any URL. */
function maskUrls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskUrls)
  return typeof value === 'string'
    ? value.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, `$1${MASK}@`)
    : value
}
