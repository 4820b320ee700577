// Node's part: memjs and ioredis, bare and through the adapter. `costs.mjs MEMCACHED REDIS`.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import net from 'node:net'
import ioredisAdapter from '../../../node/adapters/ioredis.js'
import memjsAdapter from '../../../node/adapters/memjs.js'
import { Router } from '../../../node/index.mjs'

const require = createRequire(new URL('../../../node/package.json', import.meta.url))
const ioredis = require('ioredis')
const memjs = require('memjs')

// Short blocks: neighbours are then measured in the same phase of the machine, and most without an interruption.
const [BLOCK, ROUNDS] = [50, 400]
const VALUE = Buffer.alloc(100, 'x')

function spec(address) {
  const cluster = { placement: { kind: 'ring' }, nodes: [{ id: 'a', address }] }
  return JSON.stringify({ format: 1, generation: 1, primary: 'a', clusters: { a: cluster } })
}

/** Microseconds of one operation. */
async function block(operation) {
  const begin = process.hrtime.bigint()
  for (let turn = 0; turn < BLOCK; turn++) await operation()
  return Number(process.hrtime.bigint() - begin) / BLOCK / 1000
}

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]

/** Blocks in turn; the difference is the median of those of neighbours. */
async function compare(client, operation, trip, bare, ours) {
  const [trips, bares, adapters] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    trips.push(await block(trip))
    // Neither side is always the first.
    if (round % 2 === 0) bares.push(await block(bare))
    adapters.push(await block(ours))
    if (round % 2 === 1) bares.push(await block(bare))
  }
  const row = {
    client,
    operation,
    round_trip: median(trips),
    bare: median(bares),
    adapter: median(adapters),
    difference: median(adapters.map((one, at) => one - bares[at])),
  }
  console.log(JSON.stringify(row))
}

/** A round trip on a bare socket. */
async function tripTo(address, request) {
  const [host, port] = address.split(':')
  const socket = net.connect({ host, port: Number(port) }).setNoDelay(true)
  await once(socket, 'connect')
  let answered
  socket.on('data', () => answered())
  const trip = () =>
    new Promise((resolve) => {
      answered = resolve
      socket.write(request)
    })
  return { trip, end: () => socket.destroy() }
}

async function memcached(address) {
  const bare = memjs.Client.create(address, { timeout: 1, retries: 1, logger: { log() {} } })
  const router = Router.fromSpec(spec(address))
  const ours = new memjsAdapter.Client(router)
  const { trip, end } = await tripTo(address, 'get k\r\n')
  await ours.set('k', VALUE)
  await compare(
    'memjs',
    'get',
    trip,
    () => bare.get('k'),
    () => ours.get('k'),
  )
  await compare(
    'memjs',
    'getOrLoad (get), a hit',
    trip,
    () => bare.get('k'),
    () => ours.getOrLoad('k', () => VALUE),
  )
  await compare(
    'memjs',
    'set',
    trip,
    () => bare.set('k', VALUE, {}),
    () => ours.set('k', VALUE),
  )
  await compare(
    'memjs',
    'delete',
    trip,
    () => bare.delete('k'),
    () => ours.delete('k'),
  )
  end()
  bare.close()
  ours.close()
  router.close()
}

async function redis(address) {
  const [host, port] = address.split(':')
  const bare = new ioredis.Redis({ host, port: Number(port), commandTimeout: 1000 })
  const router = Router.fromSpec(spec(address))
  const ours = new ioredisAdapter.Redis(router)
  const { trip, end } = await tripTo(address, 'GET k\r\n')
  await ours.set('k', VALUE)
  await compare(
    'ioredis',
    'get',
    trip,
    () => bare.get('k'),
    () => ours.get('k'),
  )
  await compare(
    'ioredis',
    'getOrLoad (get), a hit',
    trip,
    () => bare.get('k'),
    () => ours.getOrLoad('k', () => VALUE),
  )
  await compare(
    'ioredis',
    'set',
    trip,
    () => bare.set('k', VALUE),
    () => ours.set('k', VALUE),
  )
  await compare(
    'ioredis',
    'del',
    trip,
    () => bare.del('k'),
    () => ours.del('k'),
  )
  end()
  bare.disconnect()
  ours.disconnect()
  router.close()
}

await memcached(process.argv[2])
await redis(process.argv[3])
