import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

export interface RedisProcess {
  readonly port: number
  readonly kill: () => Promise<void>
}

/** A Redis with a password, which ends with the test. */
export async function startRedis(password: string): Promise<RedisProcess> {
  const port = await freePort()
  const settings = [
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    await temporaryFolder(),
    '--requirepass',
    password,
  ]
  const server = spawn('redis-server', ['--port', String(port), ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(server, 'exit')
  const kill = async (): Promise<void> => {
    server.kill('SIGKILL')
    await exit
  }
  onTestFinished(kill)
  let output = ''
  while (!output.includes('Ready to accept connections'))
    output += String((await once(server.stdout, 'data'))[0])
  server.stdout.resume()
  return { port, kill }
}
