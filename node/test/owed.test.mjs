// Keys whose invalidation was lost: the router's own interface, and what both adapters do beyond the scenarios of
// tests/conformance. What a client loses that was closed is in closed.test.mjs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidationLostError, Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { ADAPTERS } from './helpers/adapters.mjs'
import { startServer } from './helpers/memcached.mjs'
import { BLUE, migrating, NO_BREAKER, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'

const GREEN = { key_prefix: 'a-prefix-of-some-length:' }
const one = () => Router.fromSpec(single(BLUE.slice(0, 1)))

test('an owed key is not read until it is repaid', () => {
  const router = one()
  const [node] = router.nodes()
  assert.deepEqual(router.owed(node), [])
  router.lost(node, 'k')
  assert.equal(router.route('k').read, null)
  assert.deepEqual(router.route('k').invalidate, [node])
  const { read } = router.route('other')
  assert.equal(read.node, node)
  router.report(node, 'hit')
  const [{ key, loss }, ...more] = router.owed(read)
  assert.deepEqual([Buffer.from(key).toString(), more], ['k', []])
  assert.deepEqual(router.owed(node), [], 'somebody has it')
  router.repaid(key, loss + 1)
  assert.equal(router.route('k').read, null)
  router.repaid(key, loss)
  assert.equal(router.route('k').read.node, node)
  assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 })
})

test('a loss is counted as a report is', () => {
  const router = one()
  router.lost(router.route('k').read, Buffer.from('k'), 'timeout')
  const { requests, debts, owed } = router.metrics()
  assert.deepEqual(
    requests.map(({ op, outcome, count }) => [op, outcome, count]),
    [['invalidate', 'timeout', 1]],
  )
  assert.deepEqual([debts[0].lost, debts[0].open], [1, true])
  assert.equal(owed.keys, 1)
  assert.match(router.metricsText(), /^ringshift_owed_keys 1$/m)
})

test('what is no loss is refused', () => {
  const [router, other] = [one(), one()]
  const [node] = router.nodes()
  const [foreign] = other.nodes()
  const refused = [
    [() => router.lost(node, 'k', 'hit'), /use error, timeout, unreachable or unsent/],
    [() => router.lost(node, 'k', 'lost'), /not an outcome/],
    [() => router.lost(foreign, 'k'), /another router/],
    [() => router.owed(foreign), /another router/],
  ]
  for (const [call, message] of refused)
    assert.throws(call, { code: 'RINGSHIFT_INVALID_ARGUMENT', message }, String(call))
  assert.throws(() => router.lost(node, '\ud800'), { code: 'RINGSHIFT_INVALID_KEY' })
  const wrong = [
    () => router.lost('n0', 'k'),
    () => router.lost(node, 7),
    () => router.lost(node, 'k', null),
    () => router.owed({ ...node }),
    () => router.repaid(7, 1),
    () => router.repaid('k', '1'),
  ]
  for (const call of wrong) assert.throws(call, TypeError, String(call))
  assert.deepEqual(router.metrics().requests, [])
  router.close()
  for (const call of [() => router.lost(node, 'k'), () => router.owed(node), () => router.repaid('k', 1)])
    assert.throws(call, { code: 'RINGSHIFT_CLOSED' }, String(call))
})

for (const [name, Adapter] of Object.entries(ADAPTERS)) {
  /** One server behind a tap, and a client that was just denied the invalidation of a key. */
  const setUp = async (t, key) => {
    const server = await Adapter.start(t)
    const tap = await Tap.start(t, server)
    const router = Router.fromSpec(single([tap.address], NO_BREAKER))
    const client = new Adapter(router, 600_000)
    t.after(() => client.close())
    await client.getOrLoad(key, () => 'old')
    await client.getOrLoad('other', () => 'v')
    tap.onRequest = (_bytes, connection) => {
      tap.onRequest = (bytes) => bytes
      connection.destroy()
      return Buffer.alloc(0)
    }
    await assert.rejects(client.invalidate(key), InvalidationLostError)
    return { server, router, client }
  }

  test(`${name}: keys of bytes are sent again as they are`, async (t) => {
    const key = Buffer.from([0x6b, 0xff, 0xfe, 0x80])
    const { router, client } = await setUp(t, key)
    assert.equal(router.metrics().owed.keys, 1)
    assert.equal(await client.get('other'), 'v')
    assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 })
    assert.equal(await client.get(key), null)
  })

  test(`${name}: each of several callers at once gets its own result, and a key is sent once`, async (t) => {
    const { router, client } = await setUp(t, 'k')
    const found = await Promise.all([
      client.get('other'),
      client.get('k'),
      client.getOrLoad('k', () => 'new'),
      client.get('other'),
    ])
    assert.deepEqual(found, ['v', null, 'new', 'v'])
    const { requests } = router.metrics()
    assert.deepEqual(
      requests.filter(({ op }) => op === 'invalidate').map(({ outcome, count }) => [outcome, count]),
      [
        ['ok', 1],
        ['error', 1],
      ],
    )
  })

  test(`${name}: a client or router that was closed sends nothing again`, async (t) => {
    for (const which of ['client', 'router']) {
      const { server, router, client } = await setUp(t, 'k')
      const pending = client.get('other')
      ;({ client, router })[which].close()
      assert.equal(await pending, which === 'router' ? 'v' : null)
      assert.equal(await server.value('k'), 'old', 'nothing more was sent')
      if (which === 'client') assert.equal(router.metrics().owed.keys, 1)
    }
  })

  test(`${name}: a read of many that has nowhere to read sends it again, and reads it then`, async (t) => {
    const { server, router, client } = await setUp(t, 'k')
    assert.deepEqual(await client.getMany(['k']), [null])
    assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 })
    assert.equal(await server.value('k'), null)
    await client.getOrLoad('k', () => 'new')
    assert.deepEqual(await client.getMany(['k', 'other']), ['new', 'v'])
  })

  test(`${name}: whatever else has nowhere to ask sends it again`, async (t) => {
    for (const other of Object.keys(new Adapter(one(), 1).others('k'))) {
      const { server, router, client } = await setUp(t, 'k')
      await client.others('k')[other]()
      assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 }, other)
      assert.equal(await server.value('k'), null, other)
    }
  })
}

test('memjs: a key that a cluster of another prefix can not hold keeps no other from being sent again', async (t) => {
  const [blue, green] = [await startServer(t), await startServer(t)]
  const tap = await Tap.start(t, blue)
  const spec = (generation, stage) =>
    migrating([tap.address], [green.address], { stage }, { ...NO_BREAKER, generation, green: GREEN })
  const router = Router.fromSpec(spec(1, 'none'))
  const client = new Client(router, { timeout: 600 })
  t.after(() => client.close())
  const keys = ['a', `long${'x'.repeat(240)}`, 'b', 'c']
  tap.onRequest = (_bytes, connection) => {
    connection.destroy()
    return Buffer.alloc(0)
  }
  for (const key of keys) await assert.rejects(client.invalidate(key), InvalidationLostError)
  tap.onRequest = (bytes) => bytes
  for (const key of keys) await blue.put(key, 'old')
  router.apply(spec(2, 'prepare'))
  assert.equal(router.metrics().owed.keys, keys.length)
  await client.get('another')
  assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: keys.length })
  for (const key of keys) assert.equal(await blue.value(key), null)
  const bad = router
    .metrics()
    .requests.filter(({ cluster, outcome }) => cluster === 'green' && outcome !== 'ok')
  assert.deepEqual(bad, [])
})
