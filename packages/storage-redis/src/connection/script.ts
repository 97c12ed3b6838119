import { createHash } from 'node:crypto'
import { byteString } from '@chihaya/bittorrent'
import { Command } from 'ioredis'
import { prefixOf, type Client } from './client.ts'

/** Each character of a string is a byte. */
type Argument = Buffer | string | number

/** Runs a script with its keys and arguments. Only a connection's first run sends the text. */
export type Script<Reply> = (...keysAndArguments: readonly Argument[]) => Promise<Reply>

interface Lua {
  readonly text: string
  /** The SHA-1 of the text, by which Redis knows it. */
  readonly digest: string
  /** Connections to servers that have the text. */
  readonly loaded: WeakSet<object>
}

/**
 * Defines a script, whose replies have buffers for strings. Without a number of keys, each run begins
 * with it.
 */
export function defineScript<Reply = Buffer>(
  client: Client,
  text: string,
  numberOfKeys?: number,
): Script<Reply> {
  const digest = createHash('sha1').update(text, 'latin1').digest('hex')
  const lua = { text, digest, loaded: new WeakSet() }
  const prefix = byteString(Buffer.from(prefixOf(client)))
  return (...given) => {
    const args = numberOfKeys === undefined ? [digest, ...given] : [digest, numberOfKeys, ...given]
    if (prefix !== '') addPrefix(args, prefix)
    return run(client, lua, args)
  }
}

function addPrefix(args: Argument[], prefix: string): void {
  const last = 1 + Number(args[1])
  for (let at = 2; at <= last; at++) args[at] = prefix + bytesOf(args[at] as Argument)
}

function run<Reply>(client: Client, lua: Lua, args: Argument[]): Promise<Reply> {
  const command = new ScriptCommand(lua, args)
  client.sendCommand(command)
  return command.promise.catch((error: Error) => {
    if (!error.message.startsWith('NOSCRIPT')) throw error
    // Somebody has emptied the server's cache of scripts.
    lua.loaded.delete(command.connection as object)
    return run(client, lua, args)
  })
}

/**
 * Encodes itself with a single conversion of text. The client's own scripts take 1.8 µs more for each
 * announce, an eighth of what it costs the tracker.
 */
class ScriptCommand extends Command {
  /** The connection that it was last written to. */
  connection: object | undefined
  readonly #lua: Lua

  constructor(lua: Lua, args: Argument[]) {
    super('evalsha', args, { replyEncoding: null })
    this.#lua = lua
  }

  /** For a cluster's slot: the client would take the characters for text. */
  override getKeys(): Buffer[] {
    return super.getKeys().map((key) => Buffer.from(bytesOf(key), 'latin1'))
  }

  override toWritable(connection: object): Buffer {
    const { text, digest, loaded } = this.#lua
    const { args } = this
    const isLoaded = loaded.has(connection)
    loaded.add(connection)
    this.connection = connection
    let request = `*${args.length + 1}\r\n`
    request += isLoaded ? bulk('evalsha') + bulk(digest) : bulk('eval') + bulk(text)
    for (let at = 1; at < args.length; at++) request += bulk(bytesOf(args[at] as Argument))
    return Buffer.from(request, 'latin1')
  }
}

/** A bulk string of the Redis protocol. */
function bulk(bytes: string): string {
  return `$${bytes.length}\r\n${bytes}\r\n`
}

function bytesOf(argument: Argument): string {
  return Buffer.isBuffer(argument) ? byteString(argument) : String(argument)
}
