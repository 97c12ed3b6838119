import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import fp, { type PluginMetadata } from 'fastify-plugin'
import type { PeerStore } from '@chihaya/core'
import { memoryStorage } from '@chihaya/storage-memory'
import { isDeepStrictEqual } from 'node:util'
import { inTrackerScope, type AnyPlugin } from '../plugin/any-plugin.ts'
import type { PluginChoice } from '../plugin/options.ts'

const METADATA = Symbol.for('plugin-meta')

interface StorePlugin {
  readonly plugin: AnyPlugin
  readonly options: object
}

/**
 * The store. Its plugin runs once, in an application that outlives the trackers, so a store plugin
 * needs no code for reloads.
 */
export class SharedStore {
  readonly #app: FastifyInstance
  readonly #choice: StorePlugin
  readonly #decorations: ReadonlyArray<readonly [name: string, value: unknown]>

  private constructor(
    app: FastifyInstance,
    choice: StorePlugin,
    decorations: ReadonlyArray<readonly [string, unknown]>,
  ) {
    this.#app = app
    this.#choice = choice
    this.#decorations = decorations
  }

  /** @throws if the plugin does, with nothing left open. */
  static async open(
    choice: PluginChoice | undefined,
    log: FastifyBaseLogger,
  ): Promise<SharedStore> {
    const store = storePlugin(choice)
    const app: FastifyInstance = Fastify({ loggerInstance: log })
    const before = new Set(Object.keys(app))
    app.register(inTrackerScope(store.plugin), store.options)
    try {
      await app.ready()
    } catch (error) {
      await app.close()
      throw error
    }
    const added = Object.keys(app).filter((name) => !before.has(name) && app.hasDecorator(name))
    return new SharedStore(
      app,
      store,
      added.map((name) => [name, app.getDecorator(name)]),
    )
  }

  get peerStore(): PeerStore {
    return this.#app.getDecorator<PeerStore>('peerStore')
  }

  /** Whether a configuration asks for this store. */
  matches(choice: PluginChoice | undefined): boolean {
    return isDeepStrictEqual(storePlugin(choice), this.#choice)
  }

  /** A plugin that has the decorators of the store's plugin and does nothing else. */
  get plugin(): FastifyPluginAsync {
    const decorate: FastifyPluginAsync = async (fastify) => {
      for (const [name, value] of this.#decorations) fastify.decorate(name, value)
    }
    const { name } = (this.#choice.plugin as { [METADATA]?: PluginMetadata })[METADATA] ?? {}
    return fp(decorate, name === undefined ? {} : { name })
  }

  async close(): Promise<void> {
    await this.#app.close()
  }
}

function storePlugin(choice: PluginChoice | undefined): StorePlugin {
  if (choice === undefined || !('plugin' in choice))
    return { plugin: memoryStorage, options: choice?.options ?? {} }
  return { plugin: choice.plugin, options: choice.options ?? {} }
}
