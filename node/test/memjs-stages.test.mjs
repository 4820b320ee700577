// What the memjs adapter does in every stage, at real servers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServerAt, startServers } from './helpers/memcached.mjs'
import { migrating, ring, single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

/** A migration from one server to another, with a client. */
async function setUp(t, stage, percent, top) {
  const [blue, green] = await startServers(t, 2)
  let generation = 1
  const spec = (migration) =>
    migrating([blue.address], [green.address], migration, { generation: generation++, ...top })
  const router = Router.fromSpec(spec({ stage, ...(percent === undefined ? {} : { percent }) }))
  const client = new Client(router)
  t.after(() => client.close())
  const advance = (migration) => router.apply(spec(migration))
  return { blue, green, router, client, advance }
}

const stages = [
  { stage: 'none', stored: [true, false], left: [false, true] },
  { stage: 'prepare', stored: [true, false], left: [false, false] },
  { stage: 'ramp', percent: 0, stored: [true, false], left: [false, false] },
  { stage: 'ramp', percent: 100, stored: [false, true], left: [false, false] },
  { stage: 'soak', stored: [false, true], left: [false, false] },
]

for (const { stage, percent, stored, left } of stages) {
  const name = `${stage}${percent === undefined ? '' : ` at ${percent} %`}`
  test(`${name}: where values are stored, read and removed`, async (t) => {
    const { blue, green, client } = await setUp(t, stage, percent)
    const present = async () => [(await blue.item('k')) !== null, (await green.item('g:k')) !== null]

    assert.equal(await client.set('k', 'new'), true)
    assert.deepEqual(await present(), stored)
    assert.equal((await client.get('k')).value.toString(), 'new')

    // A delete leaves a value only where this and the neighbouring stages never read.
    await blue.put('k', 'old')
    await green.put('g:k', 'old')
    assert.equal(await client.delete('k'), true)
    assert.deepEqual(await present(), left)
    assert.deepEqual(await client.get('k'), { value: null, flags: null })

    // A set removes what others may read.
    await blue.put('k', 'old')
    await green.put('g:k', 'old')
    await client.set('k', 'new')
    const values = [await blue.value('k'), await green.value('g:k')]
    assert.deepEqual(
      values,
      stored.map((here, side) => (here ? 'new' : left[side] ? 'old' : null)),
    )
  })
}

test('a whole migration: what was stored before is still found in every stage', async (t) => {
  const { green, client, advance } = await setUp(t, 'none')
  await client.set('k', 'v')
  const plans = [
    { stage: 'prepare' },
    { stage: 'ramp', percent: 0 },
    { stage: 'ramp', percent: 100 },
    { stage: 'soak' },
  ]
  for (const plan of plans) {
    advance(plan)
    assert.equal((await client.get('k')).value.toString(), 'v', JSON.stringify(plan))
  }
  assert.equal(await green.value('g:k'), 'v')
})

test('the adapter puts every key where the router says', async (t) => {
  const servers = await startServers(t, 4)
  const router = Router.fromSpec(
    single(
      servers.map(({ address }) => address),
      { cluster: { key_prefix: 'p:' } },
    ),
  )
  const client = new Client(router)
  t.after(() => client.close())
  const keys = Array.from({ length: 100 }, (_, number) => `user:${number}`)
  await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)))
  for (const key of keys) {
    const { address } = router.route(key).read.node
    for (const server of servers) {
      assert.equal(await server.value(`p:${key}`), server.address === address ? `value of ${key}` : null)
    }
  }
  const found = await client.getMany([...keys, 'none', keys[0]])
  assert.deepEqual([...found.keys()].sort(), [...keys].sort())
  for (const [key, { value }] of found) assert.equal(value.toString(), `value of ${key}`)
})

test('replicas: a set goes to all, a read to the first that answers', async (t) => {
  const servers = await startServers(t, 3)
  const addresses = servers.map(({ address }) => address)
  const router = Router.fromSpec(single(addresses, { cluster: { replicas: 2 } }))
  const client = new Client(router)
  t.after(() => client.close())
  await client.set('k', 'v')
  const [first, second] = router.route('k').read.nodes
  const at = ({ address }) => servers.find((server) => server.address === address)
  assert.deepEqual([await at(first).value('k'), await at(second).value('k')], ['v', 'v'])
  await at(first).kill()
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal(await at(second).value('k'), 'v')
})

test('scaling out by one node with one prefix: a key whose owner stays is written once', async (t) => {
  const servers = await startServers(t, 3)
  const addresses = servers.map(({ address }) => address)
  const spec = (stage, generation) => {
    const clusters = { blue: ring(addresses.slice(0, 2)), green: ring(addresses) }
    const migration = {
      id: 'out',
      from: 'blue',
      to: 'green',
      stage,
      ...(stage === 'ramp' ? { percent: 100 } : {}),
    }
    return JSON.stringify({ format: 1, generation, primary: 'blue', standby: 'green', clusters, migration })
  }
  const router = Router.fromSpec(spec('ramp', 1))
  const client = new Client(router)
  t.after(() => client.close())
  const keys = Array.from({ length: 60 }, (_, number) => `user:${number}`)
  const stay = keys.filter((key) => router.route(key).invalidate.length === 1)
  const move = keys.filter((key) => router.route(key).invalidate.length === 2)
  assert.ok(stay.length > move.length && move.length > 5)
  for (const key of keys) await client.set(key, 'v')
  for (const key of keys) {
    const holders = []
    for (const server of servers) if ((await server.item(key)) !== null) holders.push(server.address)
    assert.deepEqual(holders, [router.route(key).read.node.address], key)
  }
  // The nodes of the two clusters are the same servers, and a set must not remove what it has just stored.
  router.apply(spec('soak', 2))
  for (const key of keys) await client.set(key, 'w')
  for (const key of keys) assert.equal((await client.get(key)).value.toString(), 'w')
  // Counting is safe where a key has one place only.
  const counters = Array.from({ length: 60 }, (_, number) => `count:${number}`)
  const safe = counters.find((key) => router.route(key).invalidate.length === 1)
  const unsafe = counters.find((key) => router.route(key).invalidate.length === 2)
  assert.deepEqual(await client.increment(safe, 2, { initial: 5 }), { success: true, value: 5 })
  assert.deepEqual(await client.increment(safe, 2), { success: true, value: 7 })
  await assert.rejects(client.increment(unsafe, 2), { code: 'RINGSHIFT_INVALID_ARGUMENT' })
})

test('nodes on unix sockets', async (t) => {
  const socket = `${temporaryDirectory(t)}/memcached.sock`
  await startServerAt(t, socket)
  const client = new Client(Router.fromSpec(migrating([socket], [socket], { stage: 'none' })))
  t.after(() => client.close())
  await client.set('k', 'v', { expires: 100 })
  client.router.apply(migrating([socket], [socket], { stage: 'ramp', percent: 100 }, { generation: 2 }))
  assert.equal((await client.get('k')).value.toString(), 'v')
  assert.equal((await client.get('k')).value.toString(), 'v')
  const counts = client.router
    .metrics()
    .requests.filter(({ cluster, op }) => cluster === 'green' && op === 'read')
  assert.deepEqual(
    counts.map(({ outcome, count }) => [outcome, count]),
    [
      ['hit', 1],
      ['miss', 1],
    ],
  )
})
