import {
  contradictions,
  RULES,
  shortLifetime,
  type OptionView,
  type Part,
} from '../contradictions.ts'
import type { ConfigReader, Located } from './reader.ts'
import { sections } from './sections.ts'
import type { ReadSection } from './settings.ts'

const HOOK_LISTS = ['chihaya.prehooks', 'chihaya.posthooks'] as const
const STORE = 'chihaya.storage.config'
const STORE_RULES: ReadonlyMap<unknown, Part> = new Map([
  ['memory', 'memory'],
  ['redis', 'redis'],
])

/** Warns of settings that make no sense beside each other, once everything has been read. */
export function warnOfContradictions(
  reader: ConfigReader,
  root: Located,
  udpKey: string | string[] | undefined,
): void {
  const check = (
    path: string,
    rules: Part,
    given: Readonly<Record<string, unknown>> = {},
  ): void => {
    const view = viewOf(reader.sections.get(path), given)
    if (view === undefined) return
    for (const { option, text } of contradictions(RULES[rules], view))
      warnAt(reader, root, path, view.nameOf(option), text)
  }
  check('chihaya', 'core')
  check('chihaya.http', 'http')
  // A secret may come from a file.
  check('chihaya.udp', 'udp', udpKey === undefined ? {} : { privateKey: udpKey })
  const store = STORE_RULES.get(
    reader.sections.get('chihaya.storage')?.values.get('name')?.value ?? 'memory',
  )
  if (store) check(STORE, store)
  for (const { path, name } of hooksOf(reader)) if (name === 'jwt') check(path, 'jwt')
  warnOfShortLifetime(reader, root)
}

/**
 * Peers that vanish before they announce again: because of the interval, or of what a hook adds to
 * it.
 */
function warnOfShortLifetime(reader: ConfigReader, root: Located): void {
  const core = viewOf(reader.sections.get('chihaya'))
  const byDefault = reader.sections.has('chihaya.storage')
    ? undefined
    : { schema: sections.memory, values: new Map() }
  const storage = viewOf(reader.sections.get(STORE) ?? byDefault)
  if (core === undefined || storage === undefined) return
  const text = shortLifetime(core, storage)
  if (text !== undefined) {
    const isOwn = storage.given['peerLifetime'] !== undefined
    const [path, name] = isOwn
      ? [STORE, storage.nameOf('peerLifetime')]
      : ['chihaya', 'announce_interval']
    return warnAt(reader, root, path, name, text)
  }
  for (const { path, name } of hooksOf(reader)) {
    const delta =
      name === 'interval variation' && viewOf(reader.sections.get(path))?.given['maxIncreaseDelta']
    const late = typeof delta === 'number' ? shortLifetime(core, storage, delta * 1000) : undefined
    if (late !== undefined) warnAt(reader, root, path, 'max_increase_delta', late)
  }
}

/**
 * What has been read for a section by the names of options; undefined if there is no such section,
 * or its keys are unknown.
 */
function viewOf(
  section: ReadSection | undefined,
  others: Readonly<Record<string, unknown>> = {},
): OptionView | undefined {
  if (section?.schema?.keys === undefined) return undefined
  const { keys } = section.schema
  const given: Record<string, unknown> = {}
  const names = new Map<string, string>()
  for (const [name, { option, deprecated }] of keys)
    if (deprecated === undefined && !names.has(option)) names.set(option, name)
  for (const [name, { value }] of section.values) {
    const key = keys.get(name)
    if (key === undefined || key.section === true) continue
    given[key.option] = value
    names.set(key.option, name)
  }
  const defaults = Object.fromEntries(
    [...keys.values()].map(({ option, schema }) => [option, schema.default]),
  )
  return {
    given: { ...given, ...others },
    defaults,
    nameOf: (option) => names.get(option) ?? option,
  }
}

/** The hooks of Chihaya's names, and where their options are. */
function hooksOf(reader: ConfigReader): Array<{ readonly path: string; readonly name: unknown }> {
  return HOOK_LISTS.flatMap((list) => {
    const hooks = [...reader.sections].filter(
      ([path]) => path.startsWith(`${list}[`) && path.endsWith(']'),
    )
    return hooks.map(([hook, { values }]) => ({
      name: values.get('name')?.value,
      path: reader.sections.has(`${hook}.options`) ? `${hook}.options` : `${hook}.config`,
    }))
  })
}

function warnAt(
  reader: ConfigReader,
  root: Located,
  path: string,
  name: string,
  text: string,
): void {
  const section = sectionAt(reader, root, path)
  const found = reader.entries(section, path).get(name)
  // Old files have what is in `config` beside it.
  const beside =
    path === STORE
      ? reader.entries(sectionAt(reader, root, 'chihaya.storage'), 'chihaya.storage').get(name)
      : undefined
  const at = (found ?? beside ?? section).key
  reader.warning(at, `${path}.${name}`, `${path}.${name}: ${text}`)
}

/**
 * The section at a path such as `chihaya.prehooks[0].options`, or the last one on the way that the
 * file has.
 */
function sectionAt(reader: ConfigReader, root: Located, path: string): Located {
  let place = root
  let at = 'chihaya'
  for (const [, index, name] of path.slice(at.length).matchAll(/\[(\d+)\]|\.(\w+)/g)) {
    const next =
      name === undefined
        ? reader.items(place, at, 'a list')[Number(index)]
        : reader.entries(place, at).get(name)
    if (next === undefined) return place
    place = next
    at += name === undefined ? `[${index}]` : `.${name}`
  }
  return place
}
