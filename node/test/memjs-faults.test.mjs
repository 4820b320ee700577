// Servers that die, hang, come back or cut a connection: what callers see, and what the router is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidationLostError, Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServers } from './helpers/memcached.mjs'
import { migrating, NO_BREAKER, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'
import { until } from './helpers/until.mjs'

const RAMP = { stage: 'ramp', percent: 100 }
const MISS = { value: null, flags: null }
// So long that a test which waits for it fails by its own limit.
const NEVER = 600
// A breaker that has no say, so that each request is sent.

function counts(router) {
  const entries = router
    .metrics()
    .requests.map(({ cluster, op, outcome, count }) => [`${cluster} ${op} ${outcome}`, count])
  return Object.fromEntries(entries)
}

async function setUp(t, migration = RAMP, { options, top } = {}) {
  const [blue, green] = await startServers(t, 2)
  const router = Router.fromSpec(
    migrating([blue.address], [green.address], migration, { ...NO_BREAKER, ...top }),
  )
  const client = new Client(router, options)
  t.after(() => client.close())
  return { blue, green, router, client }
}

test('a dead node: reads are misses or come from the other cluster', async (t) => {
  const { blue, green, router, client } = await setUp(t)
  await blue.put('k', 'v')
  await green.kill()
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.deepEqual(counts(router), { 'blue read hit': 1, 'green read unreachable': 1 })
  await blue.kill()
  assert.deepEqual(await client.get('k'), MISS)
})

test('a dead node: a write is lost, named, and the other node is written all the same', async (t) => {
  const { blue, green, router, client } = await setUp(t)
  await green.put('g:k', 'old')
  await blue.kill()
  for (const [write, left] of [
    [() => client.set('k', 'new'), 'new'],
    [() => client.delete('k'), null],
  ]) {
    const error = await write().catch((caught) => caught)
    assert.ok(error instanceof InvalidationLostError, String(error))
    assert.deepEqual([error.cluster, error.node.id, error.key], ['blue', 'b0', 'k'])
    assert.equal(error.cause.code, 'ECONNREFUSED')
    assert.equal(await green.value('g:k'), left)
  }
  assert.equal(counts(router)['blue invalidate unreachable'], 2)
  await green.kill()
  const error = await client.delete('k').catch((caught) => caught)
  assert.deepEqual(
    error.nodes.map(({ id }) => id),
    ['b0', 'g0'],
  )
})

test('a dead node: its breaker opens at once, reads leave it alone, writes do not', async (t) => {
  const top = { breaker: { failures: 3, open: '60s', max_ejected: 1 } }
  const { blue, green, router, client } = await setUp(t, RAMP, { top })
  await blue.put('k', 'v')
  await green.kill()
  for (let turn = 0; turn < 6; turn++) assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(counts(router)['green read unreachable'], 1)
  assert.equal(router.route('k').read.cluster, 'blue')
  await assert.rejects(client.delete('k'), { code: 'RINGSHIFT_INVALIDATION_LOST', cluster: 'green' })
  assert.equal(await blue.item('k'), null)
  // Another key, since that one is read nowhere before it was sent again.
  await blue.put('l', 'v')
  await assert.rejects(client.set('l', 'w'), { code: 'RINGSHIFT_INVALIDATION_LOST', cluster: 'green' })
  assert.equal(await blue.value('l'), 'w')
})

test('when nothing may be read, a set removes and says that it stored nothing', async (t) => {
  const [server] = await startServers(t, 1)
  const router = Router.fromSpec(single([server.address], { breaker: { max_ejected: 1, open: '60s' } }))
  const client = new Client(router)
  t.after(() => client.close())
  await client.set('k', 'old')
  const [node] = router.nodes()
  for (let failure = 0; failure < 3; failure++) router.report(node, 'error')
  assert.deepEqual(await client.get('k'), MISS)
  assert.equal(await client.set('k', 'new'), false)
  assert.equal(await server.item('k'), null)
})

test('a node that comes back is used again', async (t) => {
  const { blue, green, client } = await setUp(t)
  await client.set('k', 'v')
  await green.restart()
  await blue.restart()
  // The first request may meet the old connection.
  await until(async () => (await client.set('k', 'v').catch(() => false)) === true)
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(await green.value('g:k'), 'v')
})

test('a node that hangs costs each caller one timeout, however many there are', async (t) => {
  const { blue, green, router, client } = await setUp(t, RAMP, { options: { timeout: 0.5 } })
  await blue.put('k', 'v')
  await client.get('k')
  await green.hang()
  // Requests that follow one another closely put off a timeout that is counted from the last one.
  const reads = []
  for (let turn = 0; turn < 40; turn++) {
    reads.push(client.get('k'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  for (const found of await Promise.all(reads)) assert.equal(found.value.toString(), 'v')
  const { 'green read timeout': timeouts = 0, 'green read error': errors = 0 } = counts(router)
  assert.ok(timeouts > 0)
  assert.equal(timeouts + errors, 40)
  await assert.rejects(client.delete('k'), { code: 'RINGSHIFT_INVALIDATION_LOST', cluster: 'green' })
  green.wakeUp()
  await until(async () => (await client.delete('k').catch(() => undefined)) !== undefined)
  assert.equal(await green.item('g:k'), null)
})

test('a source that hangs costs one timeout as well', async (t) => {
  const { blue, router, client } = await setUp(t, RAMP, { options: { timeout: 0.5 } })
  await blue.put('k', 'v')
  await blue.hang()
  assert.deepEqual(await client.get('k'), MISS)
  assert.equal(counts(router)['blue read timeout'], 1)
  blue.wakeUp()
  await until(async () => (await client.get('k')).value?.toString() === 'v')
})

test('late answers of a connection that was given up reach nobody', async (t) => {
  const { green, client } = await setUp(t, { stage: 'soak' }, { options: { timeout: 0.3 } })
  await client.set('a', 'A'.repeat(1000))
  await client.set('b', 'B'.repeat(1000))
  for (let turn = 0; turn < 5; turn++) {
    await green.hang()
    assert.deepEqual(await client.get('a'), MISS)
    green.wakeUp()
    const found = await Promise.all(Array.from({ length: 10 }, () => client.get('b')))
    for (const { value } of found) assert.equal(value?.toString() ?? 'B'.repeat(1000), 'B'.repeat(1000))
    await until(async () => (await client.get('a')).value?.toString() === 'A'.repeat(1000))
  }
})

/** One server in use (soak), behind a tap. */
async function tapped(t, options) {
  const [blue, server] = await startServers(t, 2)
  const tap = await Tap.start(t, server)
  const router = Router.fromSpec(migrating([blue.address], [tap.address], { stage: 'soak' }, NO_BREAKER))
  const client = new Client(router, { timeout: NEVER, ...options })
  t.after(() => client.close())
  return { server, tap, router, client }
}

test('half an answer does not spoil the next connection', async (t) => {
  const { tap, client } = await tapped(t)
  await client.set('a', 'A'.repeat(1000))
  await client.set('b', 'B'.repeat(1000))
  for (const length of [1, 23, 24, 30, 500]) {
    tap.onAnswer = (bytes, connection) => {
      tap.onAnswer = (next) => next
      connection.end(bytes.subarray(0, length))
      return undefined
    }
    assert.deepEqual(await client.get('a'), MISS, `cut after ${length} bytes`)
    assert.equal((await client.get('b')).value.toString(), 'B'.repeat(1000))
  }
})

test('requests that wait when the connection is closed fail at once', async (t) => {
  const { tap, router, client } = await tapped(t)
  await client.set('k', 'v')
  tap.onAnswer = (_bytes, connection) => {
    connection.end()
    return undefined
  }
  assert.deepEqual(await client.get('k'), MISS)
  await assert.rejects(client.delete('k'), {
    code: 'RINGSHIFT_INVALIDATION_LOST',
    message: /connection was closed/,
  })
  assert.equal(counts(router)['green read error'], 1)
  tap.onAnswer = (bytes) => bytes
  assert.equal(await client.set('k', 'w'), false, 'nothing is stored before the lost delete was sent again')
  assert.equal(await client.set('k', 'w'), true)
})

test('a connection that is closed while idle is not noticed by callers', async (t) => {
  const { tap, router, client } = await tapped(t)
  await client.set('k', 'v')
  for (const connection of tap.open) connection.end()
  await until(() => tap.open.size === 0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(counts(router)['green read error'], undefined)
})

test("memjs' own retries, when asked for, hide one lost connection", async (t) => {
  const { tap, client } = await tapped(t, { retries: 2, retry_delay: 0.01 })
  await client.set('k', 'v')
  tap.onAnswer = (_bytes, connection) => {
    tap.onAnswer = (bytes) => bytes
    connection.destroy()
    return undefined
  }
  assert.equal((await client.get('k')).value.toString(), 'v')
})

test('answers that are no memcached fail the request, not the process', async (t) => {
  const [server, green] = await startServers(t, 2)
  const tap = await Tap.start(t, server)
  const router = Router.fromSpec(migrating([tap.address], [green.address], RAMP, NO_BREAKER))
  const client = new Client(router, { timeout: 0.5 })
  t.after(() => client.close())
  await server.put('k', 'v')
  for (const wrong of [
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    'VA x\r\n',
    'VA 1 t-1 f0\r\nlonger\r\n',
    'x'.repeat(5000),
    'VA 1 f0\r\nv\r\n',
  ]) {
    tap.onAnswer = (bytes) => (bytes[0] === 0x81 ? bytes : Buffer.from(wrong))
    assert.deepEqual(await client.get('k'), MISS, wrong.slice(0, 20))
  }
  tap.onAnswer = (bytes) => bytes
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(counts(router)['blue read error'], 5)
})

test('options that would keep callers waiting, or keys astray, are refused', () => {
  const router = Router.fromSpec(single(['127.0.0.1:1']))
  const refused = [{ failover: true }, { timeout: 0 }, { timeout: Number.NaN }, { retries: 0 }]
  for (const options of refused) {
    assert.throws(() => new Client(router, options), { code: 'RINGSHIFT_INVALID_ARGUMENT' })
  }
  assert.throws(() => new Client(router, { timeout: '1s' }), { name: 'TypeError' })
  assert.throws(() => new Client(router, 'localhost'), { name: 'TypeError' })
})
