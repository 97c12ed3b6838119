import { expect, it } from 'vitest'
import { describeBatches } from './batches.ts'
import { runChild } from './child.ts'

describeBatches('worker threads', () => {
  it('have separate sockets, which close with the thread, however it ends', async () => {
    const { code, signal, stdout, stderr } = await runChild('workers.ts')
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    const five = (value: number): number[] => Array.from({ length: 5 }, () => value)
    expect(JSON.parse(stdout)).toEqual({
      codes: {
        terminate: five(1),
        'terminate-busy': five(1),
        exit: five(5),
        close: five(0),
        throw: five(1),
      },
      left: 0,
      replied: true,
    })
  })
})
