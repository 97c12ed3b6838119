import {
  contradictions,
  RULES,
  shortLifetime,
  type OptionView,
  type Part,
} from './contradictions.ts'
import { isDurationSchema } from './describe-schema.ts'
import type { Path } from './problems.ts'
import { sections } from './sections.ts'
import { isSection, type Section, type Source } from './source.ts'
import type { YamlSchema } from './spelling.ts'

const STORE_RULES: ReadonlyMap<unknown, Part> = new Map([
  ['memory', 'memory'],
  ['redis', 'redis'],
])

/** The options of one part of a configuration, and where they are. */
interface PartView extends OptionView {
  readonly path: Path
}

/**
 * Warns of settings that contradict each other. `udpKey`: the secret of UDP, which may come from a
 * file.
 */
export function checkContradictions(
  source: Source,
  section: Section,
  schema: YamlSchema,
  udpKey: string | string[] | undefined,
): void {
  const find = (...path: Path): PartView | undefined => viewOf(section, schema, path)
  const warn = ({ path, nameOf }: PartView, option: string, text: string): void =>
    source.warn([...path, nameOf(option)], `: ${text}`)
  const check = (view: PartView | undefined, part: Part | undefined | false): void => {
    if (view && part)
      for (const { option, text } of contradictions(RULES[part], view)) warn(view, option, text)
  }
  const core = find()
  const udp = find('udp')
  const store = find('storage', 'config')
  const storeName = isSection(section['storage']) ? section['storage']['name'] : undefined
  const hooks = hooksOf(section).map(({ name, path }) => ({ name, view: find(...path) }))
  check(core, 'core')
  check(find('http'), 'http')
  check(udp && udpKey !== undefined ? withOption(udp, 'privateKey', udpKey) : udp, 'udp')
  check(store, STORE_RULES.get(storeName ?? 'memory'))
  for (const { name, view } of hooks) check(view, name === 'jwt' && 'jwt')
  if (core === undefined) return
  // The store runs even if the file leaves it out.
  const runs = section['storage'] === undefined ? viewOf({}, sections.memory, []) : store
  if (runs === undefined) return
  const short = shortLifetime(core, runs)
  if (short !== undefined) {
    const isOwn = store?.given['peerLifetime'] !== undefined
    return isOwn ? warn(store, 'peerLifetime', short) : warn(core, 'announceInterval', short)
  }
  for (const { name, view } of hooks) {
    const delta = name === 'interval variation' && view?.given['maxIncreaseDelta']
    const late = typeof delta === 'number' ? shortLifetime(core, runs, delta * 1000) : undefined
    if (view && late !== undefined) warn(view, 'maxIncreaseDelta', late)
  }
}

/** The options at a path below `chihaya`; undefined if it holds no section, or unknown keys. */
function viewOf(section: Section, schema: YamlSchema, path: Path): PartView | undefined {
  let [value, found]: [unknown, YamlSchema | undefined] = [section, schema]
  for (const step of path) {
    value = (value as Record<string | number, unknown> | undefined)?.[step]
    found = typeof step === 'number' ? found?.tuple?.[step] : found?.keys?.get(step)
  }
  if (!isSection(value) || found?.keys === undefined) return undefined
  const given: Record<string, unknown> = {}
  const names = new Map<string, string>()
  for (const [name, { option, deprecated }] of found.keys)
    if (deprecated === undefined && !names.has(option)) names.set(option, name)
  for (const [name, each] of Object.entries(value)) {
    const key = found.keys.get(name)
    if (key === undefined || each === undefined) continue
    names.set(key.option, name)
    if (key.isSecretFile === true) continue
    const isBare = typeof each === 'number' && isDurationSchema(key.schema)
    given[key.option] = isBare ? `${each}ms` : each
  }
  const defaults = Object.fromEntries(
    [...found.keys.values()].map(({ option, schema: { default: byDefault } }) => [
      option,
      byDefault,
    ]),
  )
  return {
    given,
    defaults,
    nameOf: (option) => names.get(option) ?? option,
    path: ['chihaya', ...path],
  }
}

function withOption(view: PartView, option: string, value: unknown): PartView {
  return { ...view, given: { ...view.given, [option]: value } }
}

/** The names of the hooks, and the paths of their options. */
function hooksOf(section: Section): Array<{ readonly name: unknown; readonly path: Path }> {
  return ['prehooks', 'posthooks'].flatMap((list) => {
    const hooks = section[list]
    if (!Array.isArray(hooks)) return []
    return hooks.map((hook: unknown, index) => {
      const { name, config }: Section = isSection(hook) ? hook : {}
      return { name, path: [list, index, config === undefined ? 'options' : 'config'] }
    })
  })
}
