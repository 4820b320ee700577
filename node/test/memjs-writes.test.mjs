// The order of writes, and the commands other than get, set and delete.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServers } from './helpers/memcached.mjs'
import { migrating, ring, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'
import { until } from './helpers/until.mjs'

async function tapped(t, migration, options) {
  const servers = await startServers(t, 2)
  const log = []
  const blue = await Tap.start(t, servers[0], 'blue', log)
  const green = await Tap.start(t, servers[1], 'green', log)
  const router = Router.fromSpec(migrating([blue.address], [green.address], migration))
  const client = new Client(router, { timeout: 20, ...options })
  t.after(() => client.close())
  return { servers, blue, green, log, router, client }
}

for (const [stage, percent, at] of [
  ['prepare', undefined, 'blue'],
  ['ramp', 0, 'blue'],
  ['ramp', 100, 'green'],
  ['soak', undefined, 'green'],
]) {
  test(`${stage} ${percent ?? ''}: source first, its acknowledgement, then destination`, async (t) => {
    const { blue, log, client } = await tapped(t, { stage, ...(percent === undefined ? {} : { percent }) })
    // Whatever is sent too early arrives while the source is still waiting.
    blue.beforeRequest = () => sleep(50)
    await client.delete('k')
    assert.deepEqual(log.splice(0), ['blue delete', 'blue answer', 'green delete', 'green answer'])
    await client.set('k', 'v')
    const [source, destination] = at === 'blue' ? ['set', 'delete'] : ['delete', 'set']
    assert.deepEqual(log, [`blue ${source}`, 'blue answer', `green ${destination}`, 'green answer'])
  })
}

test('a read of a moved key: destination, source, copy, each when the one before has answered', async (t) => {
  const { servers, log, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  await servers[0].put('k', 'v', { ttl: 100 })
  await client.get('k')
  assert.deepEqual(log, ['green mg', 'green answer', 'blue mg', 'blue answer', 'green ms', 'green answer'])
})

test('a write that sees the generation change sends deletes to the nodes of both', async (t) => {
  const { servers, blue, green, router, client } = await tapped(t, { stage: 'none' })
  let waiting = false
  let go
  const gate = new Promise((resolve) => {
    go = resolve
  })
  blue.beforeRequest = async (name) => {
    if (name !== 'set') return
    waiting = true
    await gate
  }
  const write = client.set('k', 'new')
  await until(() => waiting)
  // Meanwhile the fleet goes on, and somebody copies the old value.
  router.apply(migrating([blue.address], [green.address], { stage: 'prepare' }, { generation: 2 }))
  router.apply(migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 }, { generation: 3 }))
  await servers[1].put('g:k', 'old')
  go()
  await write
  assert.deepEqual([await servers[0].item('k'), await servers[1].item('g:k')], [null, null])
})

test('add fills where the key is read, and nowhere else', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  const [blue, green] = servers
  await blue.put('k', 'at the source')
  assert.equal(await client.add('k', 'first'), true)
  assert.equal(await client.add('k', 'second'), false)
  assert.equal(await green.value('g:k'), 'first')
  assert.equal(await blue.value('k'), 'at the source')
  await green.kill()
  assert.equal(await client.add('other', 'v'), false)
})

test('replace stores only over what can be read', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  const [blue, green] = servers
  assert.equal(await client.replace('k', 'new'), false)
  assert.equal(await green.item('g:k'), null)
  await blue.put('k', 'old')
  assert.equal(await client.replace('k', 'new'), true)
  assert.equal(await green.value('g:k'), 'new')
  assert.equal(await blue.item('k'), null)
})

test('touch reaches the key wherever it is', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  const [blue] = servers
  assert.equal(await client.touch('k', 100), false)
  await blue.put('k', 'v', { ttl: 10 })
  assert.equal(await client.touch('k', 100), true)
  assert.ok((await blue.item('k')).ttl > 90)
})

test('counting is refused while a key may be on several nodes', async (t) => {
  const { client } = await tapped(t, { stage: 'prepare' })
  for (const count of ['increment', 'decrement']) {
    await assert.rejects(client[count]('n', 1), {
      code: 'RINGSHIFT_INVALID_ARGUMENT',
      message: new RegExp(`${count} is refused .* \\(stage prepare\\)`),
    })
  }
})

test('counting works as in memjs without a migration', async (t) => {
  const [server] = await startServers(t, 1)
  const client = new Client(Router.fromSpec(single([server.address])))
  t.after(() => client.close())
  assert.deepEqual(await client.increment('n', 1, { initial: 5 }), { success: true, value: 5 })
  assert.deepEqual(await client.increment('n', 3), { success: true, value: 8 })
  assert.deepEqual(await client.decrement('n', 2), { success: true, value: 6 })
  await client.set('text', 'not a number')
  await assert.rejects(client.increment('text', 1), /non-numeric/)
  assert.equal(client.router.metrics().breakers[0].state, 'closed')
})

test('counting is reported, and goes on when the breaker of its only node is open', async (t) => {
  const [server] = await startServers(t, 1)
  const router = Router.fromSpec(single([server.address], { breaker: { max_ejected: 1, open: '60s' } }))
  const client = new Client(router, { timeout: 5 })
  t.after(() => client.close())
  const reported = () =>
    router
      .metrics()
      .requests.filter(({ op }) => op === 'fill')
      .map(({ outcome, count }) => [outcome, count])
  await client.increment('n', 1, { initial: 5 })
  assert.deepEqual(reported(), [['ok', 1]])
  const [node] = router.nodes()
  for (let failure = 0; failure < 3; failure++) router.report(node, 'error')
  assert.equal(router.route('n').read, null)
  assert.deepEqual(await client.increment('n', 1), { success: true, value: 6 })
  await server.kill()
  await assert.rejects(client.increment('n', 1))
  const [ok, [outcome, count], ...more] = reported()
  assert.deepEqual([ok, count, more], [['ok', 2], 1, []])
  // By whether the client had noticed that its connection is gone.
  assert.match(outcome, /^(error|unreachable)$/)
})

test('an expiry that cannot be sent is refused before anything is, and a part of a second is one', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'soak' })
  await client.set('k', 'v')
  const store = (expires) => [
    client.set('k', 'w', { expires }),
    client.add('k', 'w', { expires }),
    client.touch('k', expires),
    client.getOrLoad('k', () => 'w', { expires }),
  ]
  for (const call of store('60')) {
    await assert.rejects(call, { name: 'TypeError', code: 'RINGSHIFT_INVALID_ARGUMENT' })
  }
  for (const wrong of [-1, 2 ** 32, Number.POSITIVE_INFINITY]) {
    for (const call of store(wrong)) await assert.rejects(call, { code: 'RINGSHIFT_INVALID_ARGUMENT' })
  }
  assert.throws(() => new Client(client.router, { expires: -1 }), { code: 'RINGSHIFT_INVALID_ARGUMENT' })
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.ok(client.router.metrics().breakers.every(({ state }) => state === 'closed'))
  // Cut off it would be 0, which is for ever.
  await client.set('k', 'v', { expires: 0.5 })
  assert.notEqual((await servers[1].item('g:k'))?.ttl, -1)
})

test('a value that the server refuses is removed, and the caller told why', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  const [, green] = servers
  for (let turn = 0; turn < 5; turn++) {
    await green.put('g:k', 'old')
    await assert.rejects(client.set('k', Buffer.alloc(2 << 20)), /too large/i)
    assert.equal(await green.item('g:k'), null)
  }
  // It is no fault of the node.
  assert.deepEqual(
    client.router.metrics().breakers.map(({ state }) => state),
    ['closed', 'closed'],
  )
})

test('a value of a wrong type is refused before anything is sent', async (t) => {
  const { client } = await tapped(t, { stage: 'ramp', percent: 100 })
  await client.set('k', 'v')
  await assert.rejects(client.set('k', 42), { name: 'TypeError', code: 'RINGSHIFT_INVALID_ARGUMENT' })
  assert.equal((await client.get('k')).value.toString(), 'v')
})

test('keys at the limits', async (t) => {
  const { servers, client } = await tapped(t, { stage: 'ramp', percent: 100 })
  for (const key of ['', 'x'.repeat(251), Buffer.alloc(251)]) {
    for (const call of [client.get(key), client.set(key, 'v'), client.delete(key)]) {
      await assert.rejects(call, { code: 'RINGSHIFT_INVALID_KEY', message: /1 to 250/ })
    }
  }
  await assert.rejects(client.get('\ud800'), { code: 'RINGSHIFT_INVALID_KEY' })
  const longest = 'x'.repeat(248)
  assert.equal(await client.set(longest, 'v'), true)
  assert.equal((await client.get(longest)).value.toString(), 'v')
  // It fits without the prefix only: it could be read at one node and not be removed from the other.
  const between = 'y'.repeat(250)
  await servers[0].put(between, 'old')
  for (const call of [
    client.get(between),
    client.getMany([between]),
    client.set(between, 'new'),
    client.delete(between),
  ]) {
    await assert.rejects(call, { code: 'RINGSHIFT_INVALID_KEY', message: /prefix of cluster green/ })
  }
  assert.equal(await servers[0].value(between), 'old')
})

test('connections to nodes that left the spec are ended, those to others kept', async (t) => {
  const servers = await startServers(t, 2)
  const taps = [await Tap.start(t, servers[0]), await Tap.start(t, servers[1])]
  const spec = (generation, addresses) => {
    const clusters = { blue: ring([taps[0].address]), green: ring(addresses, {}, 'g') }
    return JSON.stringify({ format: 1, generation, primary: 'green', clusters })
  }
  const router = Router.fromSpec(spec(1, [taps[1].address]))
  const client = new Client(router)
  t.after(() => client.close())
  await client.set('k', 'v')
  assert.equal(taps[1].open.size, 1)
  router.apply(spec(2, [taps[0].address]).replaceAll('"b', '"b').replace('"n0"', '"g0"'))
  await client.set('k', 'v')
  await until(() => taps[1].open.size === 0)
  assert.deepEqual([taps[0].connections, taps[0].open.size], [1, 1])
})

test('quit and close end all connections; after them, everything is refused', async (t) => {
  for (const how of ['quit', 'close']) {
    const { blue, green, client } = await tapped(t, { stage: 'ramp', percent: 100 })
    await client.set('k', 'v')
    const pending = client.get('k')
    if (how === 'quit') assert.equal((await pending).value.toString(), 'v')
    client[how]()
    await pending
    await until(() => blue.open.size + green.open.size === 0)
    await assert.rejects(client.get('k'), { code: 'RINGSHIFT_CLOSED' })
    await assert.rejects(client.set('k', 'v'), { code: 'RINGSHIFT_CLOSED' })
    client[how]()
    assert.equal(client.router.generation, 1)
  }
})

test('requests that are under way when the router is closed still have their results', async (t) => {
  const { router, client } = await tapped(t, { stage: 'soak' })
  await client.set('k', 'v')
  const pending = [client.get('k'), client.set('other', 'w')]
  router.close()
  const [found, stored] = await Promise.all(pending)
  assert.equal(found.value.toString(), 'v')
  assert.equal(stored, true)
  await assert.rejects(client.get('k'), { code: 'RINGSHIFT_CLOSED' })
})

test('an expiry that cannot be sent says nothing against a node', async (t) => {
  const { router, log, client } = await tapped(t, { stage: 'prepare' })
  for (const ask of [
    () => client.touch('k', -1),
    () => client.set('k', 'v', { expires: 2 ** 32 }),
    () => client.add('k', 'v', { expires: -5 }),
    () => client.getOrLoad('k', () => 'v', { expires: -1 }),
  ]) {
    await assert.rejects(ask, { name: 'RingshiftError', kind: 'invalid_argument' })
  }
  assert.deepEqual(log, [])
  assert.deepEqual(router.metrics().requests, [])
})
