// Many keys at once through memjs: groups that fail, also in the middle, beside groups that don't.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServers } from './helpers/memcached.mjs'
import { migrating, NO_BREAKER, ring, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'

const KEYS = Array.from({ length: 30 }, (_, number) => `user:${number}`)
const RAMP = { stage: 'ramp', percent: 100 }
const HEADER = 24

/** What was found, as text by key. */
const texts = (found) => Object.fromEntries([...found].map(([key, { value }]) => [key, value.toString()]))
const valuesOf = (keys) => Object.fromEntries(keys.map((key) => [key, `value of ${key}`]))

/** Passes on so many bytes of what is answered from now on, and closes the connection. */
function cutAfter(tap, length) {
  let left = length
  tap.onAnswer = (bytes, connection) => {
    const part = bytes.subarray(0, left)
    left -= part.length
    if (left > 0) return part
    tap.onAnswer = (next) => next
    connection.end(part)
    return undefined
  }
}

test('a connection that dies in the middle of many answers: those that came count, the others are misses', async (t) => {
  const servers = await startServers(t, 2)
  const tap = await Tap.start(t, servers[0])
  const router = Router.fromSpec(single([tap.address, servers[1].address], NO_BREAKER))
  const client = new Client(router, { timeout: 20 })
  t.after(() => client.close())
  for (const key of KEYS) await client.set(key, `value of ${key}`)
  const behind = KEYS.filter((key) => router.route(key).read.node.address === tap.address)
  const others = KEYS.filter((key) => !behind.includes(key))
  assert.ok(behind.length > 5 && others.length > 5)
  // The header, four bytes of flags, the value.
  const lengthOf = (key) => HEADER + 4 + `value of ${key}`.length
  const [first, second] = behind
  cutAfter(tap, lengthOf(first) + lengthOf(second) + HEADER + 10)
  assert.deepEqual(texts(await client.getMany(KEYS)), valuesOf([...others, first, second].sort(byNumber)))
  const { count } = router.metrics().requests.find(({ op, outcome }) => op === 'read' && outcome === 'error')
  assert.equal(count, behind.length - 2)
  assert.deepEqual(texts(await client.getMany(KEYS)), valuesOf(KEYS))
})

const byNumber = (one, other) => KEYS.indexOf(one) - KEYS.indexOf(other)

test('token reads and copies of many keys survive a connection that dies in the middle', async (t) => {
  const [blue, server] = await startServers(t, 2)
  const green = await Tap.start(t, server)
  const router = Router.fromSpec(migrating([blue.address], [green.address], RAMP, NO_BREAKER))
  const client = new Client(router, { timeout: 20 })
  t.after(() => client.close())
  for (const key of KEYS) await blue.put(key, `value of ${key}`, { ttl: 100 })
  // Within the third token: the line of the first is as long as that of the others.
  cutAfter(green, 100)
  assert.deepEqual(texts(await client.getMany(KEYS)), valuesOf(KEYS))
  // A token is of no use on another connection, so nothing was copied.
  for (const key of KEYS) assert.ok(!(await server.value(`g:${key}`)), key)
  assert.deepEqual(texts(await client.getMany(KEYS)), valuesOf(KEYS))
  for (const key of KEYS) assert.equal(await server.value(`g:${key}`), `value of ${key}`)
})

test('with replicas, a group that dies is asked for at the nodes behind', async (t) => {
  const servers = await startServers(t, 3)
  const taps = await Promise.all(servers.map((server) => Tap.start(t, server)))
  const addresses = taps.map(({ address }) => address)
  const clusters = { blue: ring(addresses, { replicas: 2 }) }
  const spec = { format: 1, generation: 1, primary: 'blue', clusters, ...NO_BREAKER }
  const client = new Client(Router.fromSpec(JSON.stringify(spec)), { timeout: 20 })
  t.after(() => client.close())
  for (const key of KEYS) await client.set(key, `value of ${key}`)
  cutAfter(taps[0], 100)
  assert.deepEqual(texts(await client.getMany(KEYS)), valuesOf(KEYS))
})

test('one key that is too long is an error before anything is sent', async (t) => {
  const [server] = await startServers(t, 1)
  const log = []
  const tap = await Tap.start(t, server, 'n', log)
  const client = new Client(Router.fromSpec(single([tap.address], { cluster: { key_prefix: 'p:' } })))
  t.after(() => client.close())
  await assert.rejects(client.getMany(['a', 'x'.repeat(249)]), { code: 'RINGSHIFT_INVALID_KEY' })
  assert.deepEqual(log, [])
})
