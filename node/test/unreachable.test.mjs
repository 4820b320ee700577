// Nodes to which no connection can be made, and those that only look so: what the router is told of them, by both adapters.
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Redis } from 'ringshift/adapters/ioredis'
import { Client } from 'ringshift/adapters/memjs'
import { single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

// Only what says that a node can't be reached opens a breaker here.
const PATIENT = { breaker: { failures: 100, min_requests: 1_000_000, open: '60s', max_ejected: 1 } }

const NAMED = 'cache.invalid:1'
// So long, in milliseconds, that a test which waits for it fails by its own limit.
const NEVER = 600_000

const ADAPTERS = {
  memjs(router, answer, connect, options) {
    const client = new Client(router, { timeout: answer / 1000, conntimeout: connect / 1000, ...options })
    return { client, close: () => client.close(), count: () => client.increment('n', 1) }
  },
  ioredis(router, answer, connect, options) {
    const client = new Redis(router, { commandTimeout: answer, connectTimeout: connect, ...options })
    return { client, close: () => client.disconnect(), count: () => client.incr('n') }
  },
}

/** A client of one node, and what its router was told by now. */
function setUp(t, adapter, address, { answer = NEVER, connect = NEVER, ...options } = {}) {
  const router = Router.fromSpec(single([address], PATIENT))
  const { client, close, count } = ADAPTERS[adapter](router, answer, connect, options)
  t.after(close)
  const told = () =>
    Object.fromEntries(
      router.metrics().requests.map(({ op, outcome, count: number }) => [`${op} ${outcome}`, number]),
    )
  return { client, count, told, breaker: () => router.metrics().breakers[0] }
}

/** Something that listens on loopback. */
async function listen(t, onConnection) {
  const open = new Set()
  const server = net.createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return `127.0.0.1:${server.address().port}`
}

async function refusing() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return [`127.0.0.1:${port}`, 'ECONNREFUSED']
}

/** Names are looked up in the system's place, which would ask beyond this machine. */
function failLookups(t, ...codes) {
  const [first, ...others] = codes.map((code) => Object.assign(new Error('the look-up failed'), { code }))
  // As Node tells of a name with several addresses: the code is that of the first.
  const error = others.length
    ? Object.assign(new AggregateError([first, ...others]), { code: first.code })
    : first
  t.mock.method(dns, 'lookup', (_name, _options, done) => process.nextTick(done, error))
}

for (const adapter of Object.keys(ADAPTERS)) {
  for (const [what, place] of [
    ['nothing listens there', refusing],
    ['there is no such socket', (t) => [path.join(temporaryDirectory(t), 'none'), 'ENOENT']],
    [
      'its name is not known',
      (t) => {
        failLookups(t, 'ENOTFOUND')
        return [NAMED, 'ENOTFOUND']
      },
    ],
  ]) {
    test(`${adapter}: a node is unreachable if ${what}, and one request is enough to know it`, async (t) => {
      const [address, code] = await place(t)
      const { client, count, told, breaker } = setUp(t, adapter, address)
      assert.equal(await client.getOrLoad('k', () => 'v').then(String), 'v')
      assert.deepEqual(told(), { 'read unreachable': 1 })
      assert.deepEqual([breaker().state, breaker().opened], ['open', 1])
      const lost = await client.invalidate('k').catch((error) => error)
      assert.deepEqual(
        [lost.code, lost.node.id, lost.cause.code],
        ['RINGSHIFT_INVALIDATION_LOST', 'n0', code],
      )
      await assert.rejects(client.set('k', 'v'), { code: 'RINGSHIFT_INVALIDATION_LOST' })
      await assert.rejects(count(), { code })
      assert.deepEqual(told(), { 'read unreachable': 1, 'fill unreachable': 1, 'invalidate unreachable': 2 })
    })
  }

  test(`${adapter}: a read by the plain command knows it too`, async (t) => {
    const { client, told, breaker } = setUp(t, adapter, (await refusing())[0])
    await client.get('k')
    assert.deepEqual([told(), breaker().state], [{ 'read unreachable': 1 }, 'open'])
  })

  test(`${adapter}: a node is unreachable if no connection stands in time`, async (t) => {
    t.mock.method(dns, 'lookup', () => {})
    // A look-up keeps the process alive, which this one does not.
    const alive = setInterval(() => {}, 1000)
    t.after(() => clearInterval(alive))
    for (const [call, times] of [
      ['get', { answer: 100 }],
      ['get', { connect: 100 }],
      ['getOrLoad', { answer: 100 }],
      ['invalidate', { answer: 100 }],
      ['invalidate', { connect: 100 }],
    ]) {
      const { client, told, breaker } = setUp(t, adapter, NAMED, times)
      const error = await client[call]('k', () => null).catch((caught) => caught)
      assert.equal(error?.code, call === 'invalidate' ? 'RINGSHIFT_INVALIDATION_LOST' : undefined)
      assert.deepEqual(Object.keys(told()), [`${call === 'invalidate' ? call : 'read'} unreachable`])
      assert.equal(breaker().state, 'open')
    }
  })

  test(`${adapter}: that this process has no descriptor left says nothing about the node`, async (t) => {
    failLookups(t, 'EMFILE')
    const { client, count, told, breaker } = setUp(t, adapter, NAMED)
    await client.get('k')
    await client.getOrLoad('k', () => null)
    await assert.rejects(client.invalidate('k'), { code: 'RINGSHIFT_INVALIDATION_LOST' })
    await assert.rejects(count(), { code: 'EMFILE' })
    assert.deepEqual(told(), { 'read unsent': 2, 'fill unsent': 1, 'invalidate unsent': 1 })
    assert.equal(breaker().state, 'closed')
    assert.equal(client.router.metrics().owed.keys, 1)
  })

  test(`${adapter}: a node of which one address is not to be had here, and another refuses`, async (t) => {
    failLookups(t, 'EADDRNOTAVAIL', 'ECONNREFUSED')
    const { client, told, breaker } = setUp(t, adapter, NAMED)
    await client.get('k')
    assert.deepEqual(told(), { 'read unreachable': 1 })
    assert.equal(breaker().state, 'open')
  })

  test(`${adapter}: a node that takes a connection and says nothing is reached`, async (t) => {
    const address = await listen(t, () => {})
    const { client, count, told, breaker } = setUp(t, adapter, address, { answer: 100 })
    await client.get('k')
    await client.getOrLoad('k', () => null)
    await assert.rejects(client.invalidate('k'), { code: 'RINGSHIFT_INVALIDATION_LOST' })
    await assert.rejects(count())
    assert.deepEqual(told(), { 'read timeout': 2, 'fill timeout': 1, 'invalidate timeout': 1 })
    assert.equal(breaker().state, 'closed')
  })

  test(`${adapter}: that this process was held up while it connected says nothing about the node`, async (t) => {
    const address = await listen(t, () => {})
    const { client, told } = setUp(t, adapter, address, { answer: 100, connect: 100 })
    const asked = client.get('k')
    // What the client does to connect is done by then, and the event loop has not been around.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => process.nextTick(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    await asked
    assert.deepEqual(told(), { 'read timeout': 1 })
  })

  test(`${adapter}: a node that closes each connection is reached`, async (t) => {
    const address = await listen(t, (socket) => socket.once('data', () => socket.destroy()))
    const { client, told, breaker } = setUp(t, adapter, address)
    await client.get('k')
    await client.getOrLoad('k', () => null)
    await assert.rejects(client.invalidate('k'), { code: 'RINGSHIFT_INVALIDATION_LOST' })
    assert.deepEqual(told(), { 'read error': 2, 'invalidate error': 1 })
    assert.equal(breaker().state, 'closed')
  })
}

test("memjs: its own retries end with what the last one's connection was", async (t) => {
  const options = { retries: 3, retry_delay: 0.001 }
  const { client, told } = setUp(t, 'memjs', (await refusing())[0], options)
  await client.get('k')
  assert.deepEqual(told(), { 'read unreachable': 1 })
})

test('memjs: a server that wants a password and says nothing is reached', async (t) => {
  const address = await listen(t, () => {})
  for (const times of [{ answer: 100 }, { connect: 500 }]) {
    const { client, told } = setUp(t, 'memjs', address, { ...times, username: 'u', password: 'p' })
    await client.get('k')
    assert.deepEqual(told(), { 'read timeout': 1 })
  }
})

test("ioredis: its own reconnecting ends with what the last one's connection was", async (t) => {
  const options = { retryStrategy: () => 1, maxRetriesPerRequest: 3 }
  const { client, told } = setUp(t, 'ioredis', (await refusing())[0], options)
  await client.get('k')
  assert.deepEqual(told(), { 'read unreachable': 1 })
})

test('ioredis: a request that may not wait for a connection says nothing about it', async (t) => {
  const { client, told } = setUp(t, 'ioredis', (await refusing())[0], { enableOfflineQueue: false })
  await client.get('k')
  await assert.rejects(client.invalidate('k'), { code: 'RINGSHIFT_INVALIDATION_LOST' })
  assert.deepEqual(told(), { 'read unsent': 1, 'invalidate unsent': 1 })
})

test('ioredis: where TLS fails, the node was reached', async (t) => {
  for (const [answer, outcome] of [
    [() => {}, 'timeout'],
    [(socket) => socket.once('data', () => socket.end('no TLS here')), 'error'],
  ]) {
    const address = await listen(t, answer)
    const { client, told } = setUp(t, 'ioredis', address, { connect: 500, tls: {} })
    await client.get('k')
    assert.deepEqual(told(), { [`read ${outcome}`]: 1 })
  }
})
