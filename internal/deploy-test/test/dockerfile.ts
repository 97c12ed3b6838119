import { readFile } from 'node:fs/promises'
import { DockerfileParser } from 'dockerfile-ast'
import { repositoryPath } from './paths.ts'

interface Instruction {
  /** `RUN`, `COPY` and so on. */
  readonly name: string
  readonly text: string
}

/** The parsed Dockerfile. */
export interface Dockerfile {
  readonly text: string
  /** One list for each stage. */
  readonly stages: ReadonlyArray<readonly Instruction[]>
}

export async function readDockerfile(): Promise<Dockerfile> {
  const text = await readFile(repositoryPath('Dockerfile'), 'utf8')
  const stages: Instruction[][] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const name = instruction.getKeyword()
    if (name === 'FROM') stages.push([])
    stages
      .at(-1)
      ?.push({ name, text: instruction.getArgumentsContent()?.replaceAll(/\\\n\s*/g, '') ?? '' })
  }
  return { text, stages }
}

/** The text of an instruction of the last stage. @throws unless there is exactly one. */
export function imageInstruction(dockerfile: Dockerfile, name: string): string {
  const found = dockerfile.stages.at(-1)?.filter((instruction) => instruction.name === name) ?? []
  if (found.length !== 1) throw new Error(`the image has ${found.length} ${name} instructions`)
  return (found[0] as Instruction).text
}

/**
 * The words of `ENTRYPOINT`, `CMD`, or the `CMD` in `HEALTHCHECK`. @throws unless it is in exec
 * form.
 */
export function imageCommand(dockerfile: Dockerfile, name: string): string[] {
  const text = imageInstruction(dockerfile, name)
  return JSON.parse(text.slice(text.indexOf('['))) as string[]
}
