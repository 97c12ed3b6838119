/** Something to be fuzzed: a parser, with what must hold whatever it is given. */
export interface Target {
  /**
   * Handles one input, with a state of its own: the same input does the same at any time.
   * @throws when the code under test does what it must not.
   */
  readonly run: (input: Uint8Array) => void | Promise<void>
  /**
   * What inputs are made of, in byte strings: keywords, magic numbers, values at the edge of a
   * range.
   */
  readonly tokens: readonly string[]
  /** Bytes of the longest input. */
  readonly maxLength: number
}

/**
 * The targets, each loaded once coverage is measured: what is compiled before then is not
 * instrumented.
 */
export const TARGETS: Readonly<Record<string, () => Promise<{ target: Target }>>> = {
  'udp-datagram': () => import('./targets/udp-datagram.ts'),
  'http-get': () => import('./targets/http-get.ts'),
  query: () => import('./targets/query.ts'),
  bdecode: () => import('./targets/bdecode.ts'),
  'url-data': () => import('./targets/url-data.ts'),
  address: () => import('./targets/address.ts'),
  list: () => import('./targets/list.ts'),
  'network-list': () => import('./targets/network-list.ts'),
  'proxy-header': () => import('./targets/proxy-header.ts'),
}

/**
 * Throws unless `holds`. The text names the broken rule and nothing of the input, as a failure that
 * is made smaller must stay the same failure.
 */
export function check(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(rule)
}
