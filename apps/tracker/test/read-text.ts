import { ConfigError } from '../src/config/problems.ts'
import { readConfig, type ReadConfig } from '../src/config/load-config.ts'

/** Reads a configuration as `chihaya.yaml` in `folder`. */
export function readText(text: string, folder = '/nowhere'): Promise<ReadConfig> {
  return readConfig({ name: 'chihaya.yaml', path: `${folder}/chihaya.yaml`, text, folder })
}

/** The errors of a configuration: `line:column message`. */
export async function problemsOf(text: string, folder?: string): Promise<string[]> {
  try {
    await readText(text, folder)
    return []
  } catch (error) {
    if (error instanceof ConfigError)
      return error.notes.map(({ line, column, message }) => `${line}:${column} ${message}`)
    throw error
  }
}

/** The warnings of a configuration: `line:column message`. */
export async function warningsOf(text: string): Promise<string[]> {
  const { warnings } = await readText(text)
  return warnings.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

/** An otherwise valid file with a section of `chihaya`, whose keys begin at line 4. */
export function inSection(section: string, ...lines: string[]): string {
  const served = section === 'udp' ? '' : '  udp: { addr: ":6969", private_key: abc }\n'
  return `chihaya:\n  # 2\n  ${section}:\n${lines.map((line) => `    ${line}\n`).join('')}${served}`
}
