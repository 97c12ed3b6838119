/** Something to fuzz: a parser, with rules that hold for every input. */
export interface Target {
  /**
   * Handles one input with fresh state, so that an input always has the same effect.
   * @throws if the code under test breaks a rule.
   */
  readonly run: (input: Uint8Array) => void | Promise<void>
  /** Byte strings typical of inputs: keywords, magic numbers, edge cases. */
  readonly tokens: readonly string[]
  /** The maximum length of inputs in bytes. */
  readonly maxLength: number
}

/** The targets. They are loaded late, because V8 instruments only code compiled after the start. */
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
 * Throws unless `holds`. The text says what is wrong but contains nothing of the input, so that it
 * stays the same while the input is minimised.
 */
export function check(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(rule)
}
