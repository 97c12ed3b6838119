import { expect, it } from 'vitest'
import { describeBatches } from './batches.ts'
import { runChild } from './child.ts'

describeBatches('a callback that throws', () => {
  it('causes an uncaughtException; its replies are sent, and it is called again', async () => {
    const { code, stdout, stderr } = await runChild('throw.ts', ['catch'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      replies: ['before', 'throw 1', 'between', 'throw 2', 'reject', 'after'],
      caught: ['throw 1', 'throw 2', 'reject'],
    })
  })

  it('ends a process without a handler, like any other callback', async () => {
    const { code, stdout, stderr } = await runChild('throw.ts')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('Error: throw 1')
  })
})
