import { spawn } from 'node:child_process'

/** Runs commands of iproute2, without the word `ip`. @throws {Error} with its error output. */
export async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  await run([...inNamespace(namespace), '-batch', '-'], `${commands.join('\n')}\n`)
}

/** Whether a link is up and ready to carry packets. */
export async function isReady(link: string, namespace?: string): Promise<boolean> {
  const [found] = JSON.parse(
    await run([...inNamespace(namespace), '-json', 'link', 'show', 'dev', link]),
  ) as [{ operstate: string }]
  return found.operstate === 'UP'
}

function inNamespace(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['-netns', namespace]
}

async function run(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('ip', args)
  let output = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  // The exit code tells why it stops reading.
  child.stdin.on('error', () => undefined).end(input)
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  )
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${complaint.trim()}\n${input}`)
  return output
}
