import { optionsSchema as coreSchema } from '@chihaya/core'
import { optionsSchema as httpSchema } from '@chihaya/http-frontend'
import { optionsSchema as memorySchema } from '@chihaya/storage-memory'
import { optionsSchema as udpSchema } from '@chihaya/udp-frontend'
import {
  contradictions,
  defaultsOf,
  RULES,
  shortLifetime,
  type OptionView,
} from '../config/contradictions.ts'
import type { TrackerOptions } from './options.ts'

/** Warnings about options that contradict each other, by the names that `register` takes. */
export function optionWarnings({ http, udp, storage, ...core }: TrackerOptions): string[] {
  const store = storage && 'name' in storage && storage.name === 'memory'
  const coreView = viewOf(core, coreSchema)
  const storageView = viewOf(
    storage?.options,
    storage === undefined || store ? memorySchema : { properties: {} },
  )
  const lifetime = shortLifetime(coreView, storageView)
  return [
    ...warnings('', RULES.core, coreView),
    ...warnings('http.', RULES.http, viewOf(http, httpSchema)),
    ...warnings('udp.', RULES.udp, viewOf(udp, udpSchema)),
    ...(store ? warnings('storage.options.', RULES.memory, storageView) : []),
    ...(lifetime === undefined ? [] : [lifetime]),
  ]
}

function viewOf(
  given: object | false | undefined,
  { properties }: { readonly properties: Parameters<typeof defaultsOf>[0] },
): OptionView {
  return { given: { ...given }, defaults: defaultsOf(properties), nameOf: (option) => option }
}

function warnings(
  prefix: string,
  rules: Parameters<typeof contradictions>[0],
  view: OptionView,
): string[] {
  return contradictions(rules, view).map(({ option, text }) => `${prefix}${option}: ${text}`)
}
