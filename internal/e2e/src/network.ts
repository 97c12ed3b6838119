import { setTimeout as sleep } from 'node:timers/promises'
import { ip, isReady } from './ip.ts'

const LAST_NETWORK = 254
/** The test's own addresses come first, those of hosts after them. */
const LAST_OWN_ADDRESS = 99
const LAST_ADDRESS = 254

/** Where a host is reached. */
export interface Addresses {
  readonly ipv4: string
  readonly ipv6: string
}

/** A machine of its own, as far as the network goes. */
export interface Host extends Addresses {
  /** Of its network namespace. */
  readonly name: string
}

/** An Ethernet segment with hosts that reach each other over IPv4 and IPv6, and nothing else. */
export class Network {
  readonly #number: number
  readonly #bridge: string
  readonly #hosts: string[] = []
  #lastOwnAddress = 0
  #lastHost = LAST_OWN_ADDRESS

  private constructor(number: number) {
    this.#number = number
    this.#bridge = bridgeName(number)
  }

  /**
   * @throws {Error} outside the private network that `npm test` makes: it would change the
   * machine's own.
   */
  static async create(): Promise<Network> {
    if (process.env['CHIHAYA_PRIVATE_NETWORK'] !== '1') {
      throw new Error(
        'end-to-end tests need a network of their own: run them with `npm test -- internal/e2e`',
      )
    }
    const network = new Network(await claimNumber())
    await network.#open()
    return network
  }

  /** A new host on the segment. */
  async addHost(): Promise<Host> {
    const index = ++this.#lastHost
    const host = { name: `${this.#bridge}-${index}`, ...this.#addresses(index) }
    this.#hosts.push(host.name)
    await ip([
      `netns add ${host.name}`,
      `link add ${host.name} type veth peer name eth0 netns ${host.name}`,
      `link set ${host.name} master ${this.#bridge} up`,
    ])
    const setup = [
      `address add ${host.ipv4}/24 dev eth0`,
      `address add ${host.ipv6}/64 dev eth0 nodad`,
    ]
    await ip([...setup, 'link set lo up', 'link set eth0 up'], host.name)
    // A link loses what is sent before it is ready, and a client that has to send again may not
    // keep the order.
    while (!(await isReady(host.name)) || !(await isReady('eth0', host.name))) await sleep(10)
    return host
  }

  /** More addresses for the test itself, to ask the tracker from. */
  addAddresses(): Addresses {
    return this.#addresses(++this.#lastOwnAddress)
  }

  async close(): Promise<void> {
    await ip([...this.#hosts.map((name) => `netns delete ${name}`), `link delete ${this.#bridge}`])
  }

  /** All the test's own addresses come at once: they take a moment until they answer. */
  async #open(): Promise<void> {
    const setup: string[] = []
    for (let index = 1; index <= LAST_OWN_ADDRESS; index++) {
      const { ipv4, ipv6 } = this.#addresses(index)
      setup.push(
        `address add ${ipv4}/24 dev ${this.#bridge}`,
        `address add ${ipv6}/64 dev ${this.#bridge} nodad`,
      )
    }
    await ip([...setup, `link set ${this.#bridge} up`])
  }

  #addresses(index: number): Addresses {
    if (index > LAST_ADDRESS) throw new RangeError('the segment is full')
    return {
      ipv4: `10.77.${this.#number}.${index}`,
      ipv6: `fd77:${this.#number.toString(16)}::${index.toString(16)}`,
    }
  }
}

function bridgeName(number: number): string {
  return `chihaya${number}`
}

/** Makes the bridge with the first free number: the tests of several files run at the same time. */
async function claimNumber(number = 1): Promise<number> {
  if (number > LAST_NETWORK) throw new RangeError('no number is free for another network')
  try {
    await ip([`link add ${bridgeName(number)} type bridge`])
    return number
  } catch (error) {
    if (!String(error).includes('File exists')) throw error
    return claimNumber(number + 1)
  }
}
