import { setTimeout as sleep } from 'node:timers/promises'
import { ip, isReady } from './ip.ts'

const LAST_NETWORK = 254
/** The test's own addresses come before those of hosts. */
const LAST_OWN_ADDRESS = 99
const LAST_ADDRESS = 254

/** The addresses of a host. */
export interface Addresses {
  readonly ipv4: string
  readonly ipv6: string
}

/** A separate machine, as far as the network is concerned. */
export interface Host extends Addresses {
  /** The name of its network namespace. */
  readonly name: string
}

/** An isolated Ethernet segment. Its hosts reach only each other, over IPv4 and IPv6. */
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
   * @throws {Error} outside the private network of `npm test`, because it would change the
   * machine's network.
   */
  static async create(): Promise<Network> {
    if (process.env['CHIHAYA_PRIVATE_NETWORK'] !== '1') {
      throw new Error(
        'end-to-end tests need a private network: run them with `npm test -- internal/e2e`',
      )
    }
    const network = new Network(await claimNumber())
    await network.#open()
    return network
  }

  /** Adds a host to the segment. */
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
    // A link drops packets until it is ready, and clients may resend them in another order.
    while (!(await isReady(host.name)) || !(await isReady('eth0', host.name))) await sleep(10)
    return host
  }

  /** Returns unused addresses from which the test itself can query the tracker. */
  addAddresses(): Addresses {
    return this.#addresses(++this.#lastOwnAddress)
  }

  async close(): Promise<void> {
    await ip([...this.#hosts.map((name) => `netns delete ${name}`), `link delete ${this.#bridge}`])
  }

  /** Adds all of the test's own addresses at once, because they take a moment to work. */
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

/** Creates the bridge with the first free number, since test files run in parallel. */
async function claimNumber(number = 1): Promise<number> {
  if (number > LAST_NETWORK) throw new RangeError('no free number for another network')
  try {
    await ip([`link add ${bridgeName(number)} type bridge`])
    return number
  } catch (error) {
    if (!String(error).includes('File exists')) throw error
    return claimNumber(number + 1)
  }
}
