// What is copied in a ramp: bytes, flags, the remaining time to live, and nothing that isn't known.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServers } from './helpers/memcached.mjs'
import { migrating } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'

/** Everything moved, nothing copied yet. */
async function setUp(t, { options, top, cluster } = {}) {
  const [blue, green] = await startServers(t, 2)
  const spec = migrating(
    [blue.address],
    [green.address],
    { stage: 'ramp', percent: 100 },
    { ...top, green: { ...cluster } },
  )
  const client = new Client(Router.fromSpec(spec), options)
  t.after(() => client.close())
  return { blue, green, client }
}

const fills = (client) =>
  client.router
    .metrics()
    .requests.filter(({ op }) => op === 'fill')
    .map(({ cluster, outcome, count }) => `${cluster} ${outcome} ${count}`)

test('a copy has the bytes, the flags and the time that the original has left', async (t) => {
  const { blue, green, client } = await setUp(t, { options: { expires: 5000 } })
  const value = Buffer.from(Array.from({ length: 1024 }, (_, number) => number % 256))
  await blue.put('k', value, { ttl: 100, flags: 0xdeadbeef })
  const found = await client.get('k')
  assert.ok(found.value.equals(value))
  assert.equal(found.flags.readUInt32BE(), 0xdeadbeef)
  const [original, copy] = [await blue.item('k'), await green.item('g:k')]
  assert.deepEqual(Buffer.from(copy.value, 'latin1'), value)
  assert.equal(copy.flags, 0xdeadbeef)
  assert.ok(copy.ttl > 0 && copy.ttl <= 100)
  // The servers' clocks tick once a second, not at the same time.
  assert.ok(Math.abs(copy.ttl - original.ttl) <= 3, `${original.ttl} s were left, the copy has ${copy.ttl} s`)
  // The next read finds the copy.
  await blue.text('md k')
  assert.ok((await client.get('k')).value.equals(value))
  assert.deepEqual(fills(client), ['green ok 1'])
})

test('a value without an end is copied without one', async (t) => {
  const { blue, green, client } = await setUp(t)
  await blue.put('k', 'v')
  await client.get('k')
  assert.equal((await green.item('g:k')).ttl, -1)
})

test('no copy lives longer than max_ttl', async (t) => {
  const { blue, green, client } = await setUp(t, { top: { max_ttl: '50s' } })
  await blue.put('endless', 'v')
  await blue.put('long', 'v', { ttl: 1000 })
  await blue.put('short', 'v', { ttl: 20 })
  for (const [key, most] of [
    ['endless', 50],
    ['long', 50],
    ['short', 20],
  ]) {
    await client.get(key)
    const { ttl } = await green.item(`g:${key}`)
    assert.ok(ttl > 0 && ttl <= most, `${key}: ${ttl}`)
  }
})

test('an empty and a large value', async (t) => {
  const { blue, green, client } = await setUp(t)
  for (const [key, length] of [
    ['empty', 0],
    ['large', 900_000],
  ]) {
    const value = Buffer.alloc(length, '\r\nVA 3 t1 f1\r\n')
    await blue.put(key, value, { ttl: 100 })
    assert.ok((await client.get(key)).value.equals(value))
    assert.equal((await green.value(`g:${key}`)).length, length)
  }
})

test('a copy never replaces what is there', async (t) => {
  const [blue, server] = await startServers(t, 2)
  const green = await Tap.start(t, server, 'green')
  const spec = migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 })
  const client = new Client(Router.fromSpec(spec), { timeout: 10 })
  t.after(() => client.close())
  await blue.put('k', 'old')
  // Another process stores the new value after this one has missed it.
  green.beforeRequest = async (name) => {
    if (name === 'ms') await server.put('g:k', 'new')
  }
  assert.equal((await client.get('k')).value.toString(), 'old')
  assert.equal(await server.value('g:k'), 'new')
})

const odd = {
  spaces: 'a key with spaces',
  'control characters': 'line\r\nmg x v\r\n',
  text: '키:한글',
  bytes: Buffer.from([0, 255, 32, 10]),
}

for (const [what, key] of Object.entries(odd)) {
  test(`keys with ${what} are stored, copied and removed`, async (t) => {
    const { blue, green, client } = await setUp(t)
    const wire = Buffer.concat([Buffer.from('g:'), Buffer.from(key)])
    await blue.put(Buffer.from(key), 'v', { ttl: 100 })
    assert.equal((await client.get(key)).value.toString(), 'v')
    assert.equal(await green.value(wire), 'v')
    assert.equal(await client.delete(key), true)
    assert.equal(await green.item(wire), null)
    assert.equal(await blue.item(Buffer.from(key)), null)
    await client.set(key, 'w')
    assert.equal(await green.value(wire), 'w')
  })
}

test('a key that the meta commands cannot take is found, but not copied', async (t) => {
  const { blue, green, client } = await setUp(t)
  // In base64 it would have 320 bytes. memjs' binary protocol takes it as it is.
  const key = 'a key '.repeat(40)
  client.router.apply(migrating([blue.address], [green.address], { stage: 'none' }, { generation: 2 }))
  await client.set(key, 'v')
  client.router.apply(
    migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 }, { generation: 3 }),
  )
  assert.equal((await client.get(key)).value.toString(), 'v')
  assert.equal((await client.get(key)).value.toString(), 'v')
  assert.deepEqual(fills(client), [])
})

test('from a server without meta commands, values are found, but not copied', async (t) => {
  const [server, green] = await startServers(t, 2)
  const blue = await Tap.start(t, server, 'blue')
  // What a server before 1.6 answers to mg is ERROR; so does this one to a command that it doesn't know.
  blue.onRequest = (bytes) => (bytes.toString('latin1', 0, 3) === 'mg ' ? Buffer.from('m? k\r\n') : bytes)
  const client = new Client(
    Router.fromSpec(migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 })),
  )
  t.after(() => client.close())
  await server.put('k', 'v', { ttl: 100 })
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(await green.item('g:k'), null)
  assert.deepEqual(
    client.router.metrics().breakers.map(({ state }) => state),
    ['closed', 'closed'],
  )
})

test('with credentials, only the binary protocol is spoken: values are found, but not copied', async (t) => {
  const [server, green] = await startServers(t, 2)
  const log = []
  const blue = await Tap.start(t, server, 'blue', log)
  const spec = migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 })
  // A server without SASL, as this one, answers that it doesn't know the command, and memjs goes on.
  const client = new Client(Router.fromSpec(spec), { username: 'user', password: 'secret' })
  t.after(() => client.close())
  await server.put('k', 'v', { ttl: 100 })
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(await green.item('g:k'), null)
  assert.ok(log.includes('blue get') && !log.includes('blue mg'))
})

test("expiries are clamped to the spec's max_ttl", async (t) => {
  const { green, client } = await setUp(t, { top: { max_ttl: '60s' }, options: { expires: 40 } })
  const now = Math.floor(Date.now() / 1000)
  const cases = [
    [undefined, 40],
    [0, 40],
    [10, 10],
    [61, 60],
    [now + 20, 20],
    [now + 3600, 60],
  ]
  for (const [expires, most] of cases) {
    await client.set('k', 'v', { expires })
    const { ttl } = await green.item('g:k')
    assert.ok(ttl > most - 3 && ttl <= most + 1, `${expires}: ${ttl}, not ${most}`)
  }
  await client.touch('k', 3600)
  assert.ok((await green.item('g:k')).ttl <= 60)
})

test('without max_ttl, expiries are passed on', async (t) => {
  const { green, client } = await setUp(t)
  await client.set('k', 'v')
  assert.equal((await green.item('g:k')).ttl, -1)
  await client.set('k', 'v', { expires: 1000 })
  assert.ok((await green.item('g:k')).ttl > 990)
})

test('with max_ttl, a value without an end gets one', async (t) => {
  const { green, client } = await setUp(t, { top: { max_ttl: '60s' } })
  await client.set('k', 'v')
  const { ttl } = await green.item('g:k')
  assert.ok(ttl > 55 && ttl <= 60, String(ttl))
})

test('a serializer works on both sides of a copy', async (t) => {
  const serializer = {
    serialize: (_opcode, value, extras) => {
      extras.writeUInt32BE(7, 0)
      return { value: JSON.stringify(value), extras }
    },
    deserialize: (_opcode, value, extras) => ({ value: JSON.parse(value), extras }),
  }
  const { blue, green, client } = await setUp(t, { options: { serializer } })
  await client.set('k', { answer: 42 })
  assert.deepEqual(await green.item('g:k'), { value: '{"answer":42}', ttl: -1, flags: 7 })
  await green.text('md g:k')
  await blue.put('k', '{"answer":43}', { flags: 7 })
  for (let turn = 0; turn < 2; turn++) {
    const found = await client.get('k')
    assert.deepEqual(found.value, { answer: 43 })
    assert.equal(found.flags.readUInt32BE(), 7)
  }
  await blue.put('bad', '{')
  await assert.rejects(client.get('bad'), SyntaxError)
  const cycle = {}
  cycle.cycle = cycle
  // Nothing could be sent: the old value is removed, and the caller told why the new one isn't there.
  await assert.rejects(client.set('k', cycle), { message: 'the serializer failed' })
  assert.deepEqual(await client.get('k'), { value: null, flags: null })
})
