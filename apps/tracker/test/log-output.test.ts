import { describe, expect, it, vi, onTestFinished } from 'vitest'
import { LogOutput } from '../src/log/output.ts'

/** A file with limited room. Writes beyond it fail. */
class Disk {
  text = ''
  room = Infinity
  code = 'ENOSPC'

  readonly write = (_fd: number, bytes: Uint8Array): number => {
    const taken = bytes.subarray(0, this.room)
    if (taken.length === 0) throw Object.assign(new Error('no room'), { code: this.code })
    this.room -= taken.length
    this.text += Buffer.from(taken).toString()
    return taken.length
  }
}

function outputTo(disk: Disk, capacity = 100): LogOutput {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const onRecovered = (dropped: number, reason: string): void =>
    output.write(`lost ${dropped} to ${reason}\n`)
  const output = new LogOutput({ fd: 1, capacity, write: disk.write, onRecovered })
  return output
}

describe('the output of the log', () => {
  it('writes at once', () => {
    const disk = new Disk()
    outputTo(disk).write('one\n')
    expect(disk.text).toBe('one\n')
  })

  it('continues in the middle of a line when there is room again, without losing any', () => {
    const disk = new Disk()
    const output = outputTo(disk)
    disk.room = 6
    for (const line of ['one\n', 'two\n', 'three\n']) output.write(line)
    expect(disk.text).toBe('one\ntw')
    disk.room = Infinity
    vi.advanceTimersByTime(100)
    output.write('four\n')
    expect(disk.text).toBe('one\ntwo\nthree\nfour\n')
  })

  it('keeps no more than its capacity, and counts the lines that it drops', () => {
    const disk = new Disk()
    const output = outputTo(disk, 40)
    disk.room = 0
    for (let count = 0; count < 1000; count++) output.write('four\n')
    vi.advanceTimersByTime(10_000)
    expect(disk.text).toBe('')
    disk.room = Infinity
    vi.advanceTimersByTime(100)
    expect(disk.text).toBe(`${'four\n'.repeat(8)}lost 992 to ENOSPC\n`)
    output.write('five\n')
    expect(disk.text).toMatch(/ENOSPC\nfive\n$/)
  })

  it('waits at the end for a slow reader, but not for a full disk', () => {
    const disk = new Disk()
    const output = outputTo(disk)
    disk.room = 0
    output.write('one\n')
    const write = vi.spyOn(disk, 'write')
    output.flush(50)
    expect(disk.text).toBe('')
    expect(write).not.toHaveBeenCalled()

    let attempts = 0
    const slow = new LogOutput({
      fd: 1,
      write: (_fd, bytes) => {
        if (++attempts < 4) throw Object.assign(new Error('later'), { code: 'EAGAIN' })
        return disk.write(1, bytes)
      },
    })
    slow.write('two\n')
    disk.room = Infinity
    slow.flush(1000)
    expect(disk.text).toBe('two\n')
  })
})
