import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { describeBatches, PACKAGE } from './batches.ts'
import { runChild } from './child.ts'
import { compileTestLibrary } from './preload.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ALL = Array.from({ length: 10 }, (_, number) => `message ${number}`)

function counters(values: object): object {
  return { received: 10, sent: 10, truncated: 0, dropped: 0, errors: 0, overflowed: 0, ...values }
}

describeBatches('system calls that fail', () => {
  const library = join(temporaryFolder(), 'faults.so')
  let outcomes: Record<string, object> = {}

  beforeAll(async () => {
    expect(compileTestLibrary(join(PACKAGE, 'test', 'faults.c'), library)).toBe('')
    outcomes = await runFaults()
  })

  async function runFaults(...args: string[]): Promise<Record<string, object>> {
    const { stdout, stderr } = await runChild('faults.ts', args, { LD_PRELOAD: library })
    expect(stderr).toBe('')
    return JSON.parse(stdout) as Record<string, object>
  }

  it('have the same effects with a socket for each address', async () => {
    expect(await runFaults('per-address')).toEqual(outcomes)
  })

  it.each([
    ['blockedReplies', 'the system accepts no replies for a while'],
    ['partialReplies', 'the system accepts some of the replies'],
    ['interrupted', 'a signal interrupts'],
    ['blockedBatches', 'more batches wait behind blocked replies'],
  ])('%s: lose nothing when %s', (name) => {
    expect(outcomes[name]).toEqual({ received: ALL, counters: counters({}), errors: [] })
  })

  it('lose only the reply that is refused', () => {
    expect(outcomes['refused']).toEqual({
      received: ALL.filter((_, index) => index !== 0 && index !== 6),
      counters: counters({ sent: 8, errors: 2 }),
      errors: ['sendmmsg ENETUNREACH'],
    })
  })

  it('are counted and reported when receiving fails', () => {
    const errors = ['recvmmsg ENOMEM', 'recvmmsg ENOMEM']
    expect(outcomes['receiveFails']).toEqual({
      received: ALL,
      counters: counters({ errors: 2 }),
      errors,
    })
  })

  it('do no harm if libuv stops watching', () => {
    const errors = ['poll EBADF', 'poll EBADF', 'poll EBADF']
    expect(outcomes['pollFails']).toEqual({
      received: ALL,
      counters: counters({ errors: 3 }),
      errors,
    })
  })

  it('make send() drop datagrams beyond its queue, and continue afterwards', () => {
    expect(outcomes['overflowQueue']).toEqual({
      received: [...ALL.slice(0, 4), 'again'],
      counters: counters({ received: 0, sent: 5, dropped: 6 }),
      errors: [],
      taken: [true, true, true, true, false, false, false, false, false, false, true],
    })
  })

  it('keep the order of queued datagrams', () => {
    expect(outcomes['goRound']).toEqual({
      received: ALL.flatMap((message) => [message, `and ${message}`]),
      counters: counters({ received: 0, sent: 20 }),
      errors: [],
    })
  })

  it('make close() count unsent datagrams', () => {
    expect(outcomes['closeBlocked']).toEqual(counters({ sent: 0, dropped: 11 }))
  })

  it.each([
    ['receiveBuffer', 'EPERM', 'setsockopt'],
    ['sendBuffer', 'EPERM', 'setsockopt'],
    ['reusePort', 'EPERM', 'setsockopt'],
    ['ipv6Only', 'EPERM', 'setsockopt'],
    ['localIpv4', 'EPERM', 'setsockopt'],
    ['localIpv6', 'EPERM', 'setsockopt'],
    ['localDualStack', 'EPERM', 'setsockopt'],
    ['name', 'ENOBUFS', 'getsockname'],
    ['memory', 'ENOMEM', 'socket'],
    ['moreMemory', 'ENOMEM', 'socket'],
  ])('make bind fail and leave nothing open: %s', (name, code, syscall) => {
    expect(outcomes[name]).toEqual({ code, syscall, left: 0 })
  })

  it('do no harm if the call is not needed', () => {
    expect([outcomes['oldSystem'], outcomes['oneAddress']]).toEqual(['bound', 'bound'])
  })
})
