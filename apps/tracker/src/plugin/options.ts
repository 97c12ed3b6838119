import {
  optionsSchema as coreSchema,
  type CoreOptions,
  type HookName,
  type OptionsSchema,
  type TrackerHooks,
} from '@chihaya/core'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import type { UdpFrontendOptions } from '@chihaya/udp-frontend'
import type { AnyPlugin } from './any-plugin.ts'

/** A plugin, or its name, and its options. */
export type PluginChoice =
  | {
      /**
       * One of Chihaya's names (`memory`, `jwt`), a path that begins with a dot or a slash, or an
       * npm package.
       */
      readonly name: string
      readonly options?: object
    }
  | { readonly plugin: AnyPlugin; readonly options?: object }

/** Hooks as functions: one, or several in the order in which they run. */
export type InlineHooks = {
  readonly [Name in HookName]?: TrackerHooks[Name] | readonly TrackerHooks[Name][]
}

export interface TrackerOptions extends CoreOptions {
  /** Where swarms live. @default { name: 'memory' } */
  storage?: PluginChoice
  /** Options of the HTTP frontend, or false for none. @default {} */
  http?: HttpFrontendOptions | false
  /** Options of the UDP frontend, or false for none. @default false */
  udp?: UdpFrontendOptions | false
  /** Middleware, in the order it is registered. @default [] */
  prehooks?: readonly PluginChoice[]
  /** Middleware registered after `prehooks`. @default [] */
  posthooks?: readonly PluginChoice[]
  /** Hooks as functions; they run after those of the middleware. @default {} */
  hooks?: InlineHooks
  /**
   * The folder from which paths and packages in `storage`, `prehooks` and `posthooks` are found.
   * @default process.cwd()
   */
  resolveFrom?: string
}

export const optionsSchema: OptionsSchema<TrackerOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...coreSchema.properties,
    storage: { description: 'Where swarms live.', type: 'object', default: { name: 'memory' } },
    http: {
      description: 'Options of the HTTP frontend, or false for none.',
      anyOf: [{ type: 'object' }, { const: false }],
      default: {},
    },
    udp: {
      description: 'Options of the UDP frontend, or false for none.',
      anyOf: [{ type: 'object' }, { const: false }],
      default: false,
    },
    prehooks: {
      description: 'Middleware, in the order it is registered.',
      type: 'array',
      items: { type: 'object' },
      default: [],
    },
    posthooks: {
      description: 'Middleware registered after all of prehooks.',
      type: 'array',
      items: { type: 'object' },
      default: [],
    },
    hooks: { description: 'Hooks as functions.', type: 'object', default: {} },
    resolveFrom: {
      description: 'The folder from which paths and packages are found.',
      type: 'string',
      minLength: 1,
    },
  },
}
