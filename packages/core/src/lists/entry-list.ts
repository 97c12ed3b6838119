import type { FastifyInstance } from 'fastify'
import { TRK_ERR_OPTIONS } from '../errors.ts'
import { ListFile, type AnyList, type ListFormat } from './list-file.ts'
import type { ListSource } from './list-options.ts'

/** A list in two parts: the entries in the options, and the current entries of a file. */
export class EntryList<List extends AnyList> {
  readonly inOptions: List
  readonly #file: ListFile<List> | List

  constructor(inOptions: List, file: ListFile<List> | List) {
    this.inOptions = inOptions
    this.#file = file
  }

  /** Calls a function whenever the list in the file has changed. */
  onChange(listener: () => void): void {
    if (this.#file instanceof ListFile) this.#file.onChange(listener)
  }

  get inFile(): List {
    return this.#file instanceof ListFile ? this.#file.list : this.#file
  }
}

/**
 * Reads a list, and follows its file until the application closes.
 * @throws TRK_ERR_OPTIONS, TRK_ERR_LIST naming the wrong entry.
 */
export async function openList<List extends AnyList>(
  fastify: FastifyInstance,
  name: string,
  source: ListSource,
  format: ListFormat<List>,
): Promise<EntryList<List>> {
  const inOptions = format.create(0)
  for (const [index, entry] of source.entries.entries()) {
    const bytes = Buffer.from(entry, 'latin1')
    try {
      format.add(inOptions, bytes, 0, bytes.length, bytes.length)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new TRK_ERR_OPTIONS(name, `options/${source.option}/${index}: ${error.message}`)
    }
  }
  await format.finish?.(inOptions)
  if (source.file === undefined) return new EntryList(inOptions, format.create(0))
  const file = await ListFile.read({ path: source.file, format, log: fastify.log })
  fastify.addHook('onReady', async () => file.watch())
  fastify.addHook('onClose', async () => file.close())
  return new EntryList(inOptions, file)
}
