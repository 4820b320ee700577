// Redis servers that die, hang or cut a connection: what callers of the ioredis adapter see, and what the router is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidationLostError, Router } from 'ringshift'
import { Redis } from 'ringshift/adapters/ioredis'
import { startRedis, startRedises } from './helpers/redis.mjs'
import { migrating, NO_BREAKER, ring, single } from './helpers/specs.mjs'
import { hold, Tap } from './helpers/tap.mjs'
import { until } from './helpers/until.mjs'

const RAMP = { stage: 'ramp', percent: 100 }
const KEYS = Array.from({ length: 30 }, (_, number) => `user:${number}`)

/** One server behind a tap, with a client that it is connected to. */
async function tapped(t, { options, ...top } = {}) {
  const server = await startRedis(t)
  const tap = await Tap.start(t, server)
  const router = Router.fromSpec(single([tap.address], { ...NO_BREAKER, ...top }))
  const client = new Redis(router, options)
  t.after(() => client.disconnect())
  await client.set('k', 'v')
  return { server, tap, router, client }
}

const counts = (router, wanted) =>
  router
    .metrics()
    .requests.filter(({ op }) => op === wanted)
    .map(({ outcome, count }) => [outcome, count])

test('a dead node is an error at once, with its reason', async (t) => {
  const server = await startRedis(t)
  const router = Router.fromSpec(single([server.address], NO_BREAKER))
  // A request that waited for anything would time out, since nobody lets it.
  const client = new Redis(router, { commandTimeout: 600_000, connectTimeout: 600_000 })
  t.after(() => client.disconnect())
  await client.set('k', 'v')
  await server.kill()
  const errors = []
  for (let turn = 0; turn < 50; turn++) errors.push(await client.invalidate('k').catch((error) => error))
  assert.ok(errors.every((error) => error instanceof InvalidationLostError))
  // The first may have met the connection that was lost.
  for (const { cause } of errors.slice(1)) assert.equal(cause.code, 'ECONNREFUSED')
  const { ok, error = 0, unreachable } = Object.fromEntries(counts(router, 'invalidate'))
  assert.ok(error <= 1)
  assert.deepEqual([ok, error + unreachable], [1, 50])
  await assert.rejects(client.incr('n'), { code: 'ECONNREFUSED' })
  await server.restart()
  // Nothing is stored before the node's breaker has closed.
  await until(async () => (await client.set('k', 'w')) === 'OK')
  assert.equal(await client.get('k'), 'w')
})

test('a connection that dies in the middle of many answers is a miss for that node only', async (t) => {
  const servers = await startRedises(t, 2)
  const tap = await Tap.start(t, servers[0])
  const router = Router.fromSpec(single([tap.address, servers[1].address], NO_BREAKER))
  const client = new Redis(router)
  t.after(() => client.disconnect())
  for (const key of KEYS) await client.set(key, `value of ${key}`)
  const behind = KEYS.filter((key) => router.route(key).read.node.address === tap.address)
  tap.onAnswer = (bytes, connection) => {
    tap.onAnswer = (next) => next
    connection.end(bytes.subarray(0, bytes.length / 2))
    return undefined
  }
  assert.deepEqual(
    await client.mget(KEYS),
    KEYS.map((key) => (behind.includes(key) ? null : `value of ${key}`)),
  )
  assert.deepEqual(
    counts(router, 'read').find(([outcome]) => outcome === 'error'),
    ['error', behind.length],
  )
  assert.deepEqual(
    await client.mget(KEYS),
    KEYS.map((key) => `value of ${key}`),
  )
})

test('many deletes of which one connection dies: each key without an answer is lost', async (t) => {
  const { server, tap, client } = await tapped(t)
  for (const key of KEYS) await client.set(key, 'v')
  let left = 4 * ':1\r\n'.length
  tap.onAnswer = (bytes, connection) => {
    const part = bytes.subarray(0, left)
    left -= part.length
    if (left > 0) return part
    tap.onAnswer = (next) => next
    connection.end(part)
    return undefined
  }
  const error = await client.del(KEYS).catch((caught) => caught)
  assert.ok(error instanceof InvalidationLostError, String(error))
  assert.deepEqual(
    error.lost.map(({ key }) => key),
    KEYS.slice(4),
  )
  await client.del(error.lost.map(({ key }) => key))
  for (const key of KEYS) assert.equal(await server.value(key), null)
})

test('a node that hangs is given up by counters too, and by options that are undefined', async (t) => {
  const { server, router, client } = await tapped(t, {
    options: { commandTimeout: undefined, connectTimeout: undefined },
  })
  server.hang()
  await assert.rejects(client.incr('n'), /timed out/)
  assert.deepEqual(counts(router, 'fill'), [['timeout', 1]])
  server.wakeUp()
  await until(async () => (await client.incr('n').catch(() => 0)) > 0)
})

test('many requests to a node that hangs are as many timeouts, and nothing is printed', async (t) => {
  const { server, router, client } = await tapped(t, { options: { commandTimeout: 200 } })
  const warnings = []
  const listen = (warning) => warnings.push(String(warning))
  process.on('warning', listen)
  t.after(() => process.off('warning', listen))
  server.hang()
  const found = await Promise.all(Array.from({ length: 40 }, () => client.get('k')))
  assert.deepEqual(found, Array(40).fill(null))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(warnings, [])
  assert.equal(
    counts(router, 'read').reduce((sum, [, count]) => sum + count, 0),
    40,
  )
})

test('an invalidation that is overtaken by a new spec is sent to the nodes of both', async (t) => {
  const servers = await startRedises(t, 2)
  const [blue, green] = [await Tap.start(t, servers[0]), await Tap.start(t, servers[1])]
  const spec = (migration, generation) =>
    migrating([blue.address], [green.address], migration, { generation })
  const router = Router.fromSpec(spec({ stage: 'none' }, 1))
  const client = new Redis(router, { commandTimeout: 20_000 })
  t.after(() => client.disconnect())
  await client.set('k', 'old')
  const arrived = hold(blue)
  const write = client.set('k', 'new')
  const go = await arrived()
  router.apply(spec({ stage: 'prepare' }, 2))
  router.apply(spec(RAMP, 3))
  await servers[1].run('SET', 'g:k', 'old')
  go()
  assert.equal(await write, 'OK')
  assert.deepEqual([await servers[0].value('k'), await servers[1].value('g:k')], [null, null])
})

test('a full server has no room for a lease, and is well', async (t) => {
  const server = await startRedis(t, '--maxmemory', '2mb', '--maxmemory-policy', 'noeviction')
  const router = Router.fromSpec(single([server.address], { breaker: { failures: 1 } }))
  const client = new Redis(router)
  t.after(() => client.disconnect())
  for (
    let number = 0;
    !((await server.run('SET', `filler:${number}`, 'x'.repeat(50_000))) instanceof Error);
  )
    number += 1
  assert.equal(await client.getOrLoad('k', () => 'v'), 'v')
  assert.deepEqual(counts(router, 'read'), [['miss', 1]])
})

test('connections to nodes that left the spec are ended, those to others kept', async (t) => {
  const servers = await startRedises(t, 2)
  const taps = [await Tap.start(t, servers[0]), await Tap.start(t, servers[1])]
  const spec = (generation, clusters) =>
    JSON.stringify({ format: 1, generation, primary: Object.keys(clusters)[0], clusters })
  const [one, two] = taps.map(({ address }) => address)
  const router = Router.fromSpec(spec(1, { blue: ring([one, two]) }))
  const client = new Redis(router)
  t.after(() => client.disconnect())
  for (const key of KEYS) await client.set(key, 'v')
  assert.deepEqual(
    taps.map(({ open }) => open.size),
    [1, 1],
  )
  router.apply(spec(2, { blue: ring([one]) }))
  for (const key of KEYS) await client.set(key, 'v')
  await until(() => taps[1].open.size === 0)
  assert.deepEqual([taps[0].connections, taps[0].open.size], [1, 1])
})

test('quit waits for what is under way, disconnect does not; after them everything is refused', async (t) => {
  for (const how of ['quit', 'disconnect']) {
    const { tap, client } = await tapped(t)
    const pending = client.get('k')
    const ended = client[how]()
    assert.equal(await pending, how === 'quit' ? 'v' : null)
    assert.equal(await ended, how === 'quit' ? 'OK' : undefined)
    await until(() => tap.open.size === 0)
    for (const call of [client.get('k'), client.set('k', 'v'), client.incr('n'), client.mget('k')]) {
      await assert.rejects(call, { code: 'RINGSHIFT_CLOSED' })
    }
    assert.equal(client.router.generation, 1)
  }
})

test('requests that are under way when the router is closed still have their results', async (t) => {
  const { router, client } = await tapped(t)
  const pending = [client.get('k'), client.set('other', 'w'), client.incr('n')]
  router.close()
  assert.deepEqual(await Promise.all(pending), ['v', 'OK', 1])
  await assert.rejects(client.get('k'), { code: 'RINGSHIFT_CLOSED' })
})
