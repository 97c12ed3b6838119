import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './network.ts'
import { Program } from './program.ts'

export const REDIS_PORT = 6379

/** Starts a Redis without access control and without persistence. */
export async function redisServer(host: Host): Promise<Program> {
  const settings = [
    '--port',
    String(REDIS_PORT),
    '--bind',
    host.ipv4,
    '--protected-mode',
    'no',
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const program = new Program(host, 'redis-server', settings)
  while (!program.output.includes('Ready to accept connections')) {
    if (!program.running) throw new Error(program.lastWords)
    await sleep(20)
  }
  return program
}
