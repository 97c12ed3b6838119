import { Courier, DeltaQueue, NO_CHANGE } from '@chihaya/deltas'
import { expect, onTestFinished, test } from 'vitest'
import { nativeSchema } from '../src/schemas/native.ts'
import { SqlBackend } from '../src/sql-backend.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { DATABASES } from './databases.ts'

const SOURCE: Uint8Array = new Uint8Array(16).fill(3)
const RECORDS = 400
const SERVERS = DATABASES.filter(([name]) => name !== 'SQLite')

test.each(SERVERS)(
  'F-2: in %s, a batch whose commit was not answered is credited once',
  async (_name, start) => {
    const database = await start()
    onTestFinished(() => database.close())
    const setup = new SqlBackend({ driver: database.driver(), schema: nativeSchema })
    await setup.open(SOURCE)
    await setup.registry?.putUser({ id: 1, passkey: 'passkey-of-user-1' })

    const proxy = await CuttingProxy.start(database.port)
    onTestFinished(() => proxy.close())
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const queue = new DeltaQueue({
      flushInterval: 1,
      flushRecords: 50,
      capacity: 65_536,
      spoolLimit: 2 ** 30,
      probeInterval: 10,
      log,
    })
    const driver = database.driver(proxy.port)
    const courier = new Courier({
      sink: new SqlBackend({ driver, schema: nativeSchema, batch: 50 }),
      queue,
      source: SOURCE,
      folder: undefined,
      log,
      onDelivered: () => queue.acknowledge(courier.delivered),
    })
    courier.start()
    for (let index = 0; index < RECORDS; index++) {
      const peer = new Uint8Array(20).fill(index % 7)
      queue.push({ ...NO_CHANGE, at: index, user: 1, torrent: 1, peer, up: 1, creditUp: 1 })
    }
    await queue.close()
    await courier.close(performance.now() + 60_000)
    expect(proxy.cuts).toBeGreaterThan(3)
    const sql = 'SELECT uploaded FROM chihaya_users'
    expect((await database.driver().query({ sql })).map(String)).toEqual([String(RECORDS)])
  },
)
