import { readdirSync, readFileSync } from 'node:fs'

// `getconf CLK_TCK` on every Linux that Node runs on.
const TICKS_PER_SECOND = 100

/** CPU-seconds of a process so far, in user space and in the kernel (`proc(5)`). */
export function cpuTime(pid: number): { user: number; system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command in parentheses may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    user: Number(fields[11]) / TICKS_PER_SECOND,
    system: Number(fields[12]) / TICKS_PER_SECOND,
  }
}

/**
 * Microseconds of CPU that the threads of a process have used so far, to the nanosecond: a hundredth
 * of a second is three percent of a reading of one second.
 */
export function cpuMicroseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1000
}

/** Bytes of resident memory of a process. */
export function residentMemory(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) * 1024
}

/** IPv4 datagrams sent in this network namespace so far (`/proc/net/snmp`). */
export function datagramsSent(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
  return Number(values.split(' ')[names.split(' ').indexOf('OutDatagrams')])
}
