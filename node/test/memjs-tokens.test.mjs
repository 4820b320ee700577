// Fills of the memjs adapter: what a reader stores never outlives an invalidation that it did not see.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { startServer, startServers } from './helpers/memcached.mjs'
import { migrating, ring, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'
import { until } from './helpers/until.mjs'

const MISS = { value: null, flags: null }
const text = (value) => value?.toString() ?? null

/** A server behind a tap; before 1.6 it answers ERROR to what it doesn't know. */
async function alone(t, { meta = true, more = [], options, ...top } = {}) {
  const server = await startServer(t, ...more)
  const tap = await Tap.start(t, server)
  if (!meta) tap.onRequest = withoutMeta
  const router = Router.fromSpec(single([tap.address], top))
  const open = () => {
    const client = new Client(router, { timeout: 5, ...options })
    t.after(() => client.close())
    return client
  }
  return { server, tap, router, client: open(), other: open() }
}

function withoutMeta(bytes) {
  return /^m[gs] /.test(bytes.toString('latin1', 0, 3)) ? Buffer.from('m? k\r\n') : bytes
}

for (const meta of [true, false]) {
  const kind = meta ? 'meta commands' : 'a placeholder'

  test(`a load is stored for its time, by ${kind}`, async (t) => {
    const { server, client } = await alone(t, { meta })
    const value = Buffer.from('\0\xff\r\nvalue', 'latin1')
    assert.deepEqual(await client.getOrLoad('k', async () => value, { expires: 100 }), value)
    assert.deepEqual(await client.getOrLoad('k', () => assert.fail('it is cached')), value)
    const { ttl, flags } = await server.item('k')
    assert.ok(ttl > 90 && ttl <= 100, String(ttl))
    assert.equal(flags, 0)
    assert.equal(text(await client.getOrLoad('a key', () => 'v')), 'v')
    assert.equal(await server.value('a key'), 'v')
  })

  test(`an invalidation during a load defeats its fill, by ${kind}`, async (t) => {
    const { client, other } = await alone(t, { meta })
    const overtaken = async () => {
      await other.invalidate('k')
      return 'old'
    }
    assert.equal(text(await client.getOrLoad('k', overtaken)), 'old')
    assert.deepEqual(await client.get('k'), MISS)
    const overtakenTwice = async () => {
      await other.invalidate('k')
      assert.equal(text(await other.getOrLoad('k', () => 'new')), 'new')
      return 'old'
    }
    assert.equal(text(await client.getOrLoad('k', overtakenTwice)), 'old')
    assert.equal(text((await client.get('k')).value), 'new')
  })

  test(`two readers may fill by one token, by ${kind}`, async (t) => {
    const { client, other } = await alone(t, { meta })
    const loaded = await client.getOrLoad('k', () => other.getOrLoad('k', () => '1'))
    assert.equal(text(loaded), '1')
    assert.equal(text((await client.get('k')).value), '1')
  })

  test(`a token is of no use after a restart, by ${kind}`, async (t) => {
    const { server, client, other } = await alone(t, { meta })
    const restart = async () => {
      await server.restart()
      // Takes the CAS number that the token has.
      await until(async () => (await other.getOrLoad('k', () => null).catch(() => false)) === null)
      return 'old'
    }
    assert.equal(text(await client.getOrLoad('k', restart)), 'old')
    assert.equal((await server.value('k')) || null, null)
    await until(async () => (await client.get('k')).value === null)
  })

  test(`an invalidation between token and copy defeats the copy, by ${kind}`, async (t) => {
    const [blue, server] = await startServers(t, 2)
    const green = await Tap.start(t, server)
    if (!meta) green.onRequest = withoutMeta
    const router = Router.fromSpec(
      migrating([blue.address], [green.address], { stage: 'ramp', percent: 100 }),
    )
    const [client, other] = [new Client(router, { timeout: 5 }), new Client(router, { timeout: 5 })]
    t.after(() => {
      client.close()
      other.close()
    })
    await blue.put('k', 'old')
    let invalidated = false
    green.beforeRequest = async (name) => {
      // Of the binary protocol, the only set here is a fill.
      if (invalidated || (name !== 'ms' && name !== 'set')) return
      invalidated = true
      await other.invalidate('k')
    }
    assert.equal(text((await client.get('k')).value), 'old')
    assert.ok(invalidated)
    assert.deepEqual(await client.get('k'), MISS)
  })
}

test('what stands in for a token is a miss, and an empty value is not', async (t) => {
  const { server, client, other } = await alone(t)
  const look = async () => {
    assert.deepEqual(await other.get('k'), MISS)
    assert.equal((await other.getMany(['k'])).size, 0)
    assert.equal(await other.replace('k', 'no'), false)
    return ''
  }
  assert.equal(text(await client.getOrLoad('k', look)), '')
  // The replace invalidated, and so the load was not stored.
  assert.deepEqual(await client.get('k'), MISS)
  await client.getOrLoad('k', () => '')
  assert.equal(text((await client.get('k')).value), '')
  await server.put('p', '\0ringshift:lease')
  assert.deepEqual(await client.get('p'), MISS)
})

test('without CAS nothing is filled', async (t) => {
  const { client } = await alone(t, { more: ['-C'] })
  assert.equal(text(await client.getOrLoad('k', () => '1')), '1')
  assert.deepEqual(await client.get('k'), MISS)
})

test('a server without room for a token only costs the load, and is well', async (t) => {
  const { server, router, client } = await alone(t, { more: ['-M'], breaker: { failures: 1 } })
  // As large as what stands in for a token, so that no room of that size is left.
  const lines = Array.from({ length: 12_000 }, (_, number) => [`ms filler:${number} 0 q`, ''])
  await server.text(
    ...Array.from({ length: 40 }, (_, number) => [`ms large:${number} 900000 q`, 'x'.repeat(900_000)]).flat(),
  )
  await server.text(...lines.flat())
  assert.match(await server.text('mg k N30 v'), /^EN/)
  assert.equal(text(await client.getOrLoad('k', () => 'v')), 'v')
  assert.deepEqual(
    router.metrics().requests.map(({ op, outcome, count }) => [op, outcome, count]),
    [['read', 'miss', 1]],
  )
})

test('a server that knows no meta commands is asked once on a connection', async (t) => {
  const { server, tap, client } = await alone(t, { meta: false })
  let asked = 0
  tap.beforeRequest = async (name) => {
    if (name === 'mg') asked += 1
  }
  for (let number = 0; number < 5; number++) {
    assert.equal(text(await client.getOrLoad(`k${number}`, () => 'v')), 'v')
  }
  assert.equal(asked, 1)
  // What comes back may be newer.
  await server.restart()
  await until(
    async () => (await client.getOrLoad('again', () => 'v').catch(() => null)) !== null && asked > 1,
  )
})

test('a load that is no function is refused before anything is sent', async (t) => {
  const { tap, client } = await alone(t)
  await assert.rejects(client.getOrLoad('k', 'v'), { name: 'TypeError', code: 'RINGSHIFT_INVALID_ARGUMENT' })
  assert.equal(tap.connections, 0)
})

test('a value that is too large is loaded and not stored', async (t) => {
  const { router, client } = await alone(t)
  const large = Buffer.alloc(2 << 20)
  assert.equal((await client.getOrLoad('k', () => large)).length, large.length)
  assert.deepEqual(await client.get('k'), MISS)
  assert.ok(router.metrics().breakers.every(({ state }) => state === 'closed'))
})

test('nothing and errors are not stored, and a dead node only costs the load', async (t) => {
  const { server, client } = await alone(t, { options: { timeout: 0.3 } })
  assert.equal(await client.getOrLoad('k', () => undefined), null)
  await assert.rejects(
    client.getOrLoad('k', () => Promise.reject(new RangeError('no'))),
    RangeError,
  )
  await server.kill()
  for (let turn = 0; turn < 5; turn++) assert.equal(text(await client.getOrLoad('k', () => 'v')), 'v')
})

test('a load is serialized as a set is, and bounded by max_ttl', async (t) => {
  const serializer = {
    serialize: (_opcode, value, extras) => {
      extras.writeUInt32BE(7, 0)
      return { value: JSON.stringify(value), extras }
    },
    deserialize: (_opcode, value, extras) => ({ value: JSON.parse(value), extras }),
  }
  const { server, client } = await alone(t, { options: { serializer }, max_ttl: '60s' })
  assert.deepEqual(await client.getOrLoad('k', () => ({ answer: 42 })), { answer: 42 })
  const { value, flags, ttl } = await server.item('k')
  assert.deepEqual([value, flags], ['{"answer":42}', 7])
  assert.ok(ttl > 50 && ttl <= 60, String(ttl))
})

test('replicas are all filled, and a value at one of them is left', async (t) => {
  const servers = await startServers(t, 3)
  const clusters = {
    blue: ring(
      servers.map(({ address }) => address),
      { replicas: 3 },
    ),
  }
  const router = Router.fromSpec(JSON.stringify({ format: 1, generation: 1, primary: 'blue', clusters }))
  const client = new Client(router)
  t.after(() => client.close())
  await client.getOrLoad('k', () => '1')
  const held = router
    .route('k')
    .read.nodes.map((node) => servers.find(({ address }) => address === node.address))
  for (const server of held) assert.equal(await server.value('k'), '1')
  await held[0].text('md k')
  await held[1].put('k', 'other')
  await held[2].text('md k')
  assert.equal(text(await client.getOrLoad('k', () => '2')), '2')
  assert.deepEqual(await Promise.all(held.map((server) => server.value('k'))), ['2', 'other', '2'])
})

test('after a write, a load is not shared with those who came later; they load as one', async (t) => {
  const { client, other } = await alone(t)
  let version = 0
  let go
  const gate = new Promise((resolve) => {
    go = resolve
  })
  const load = async () => {
    const mine = ++version
    await gate
    return String(mine)
  }
  const early = client.getOrLoad('k', load)
  await until(() => version === 1)
  const sharing = Array.from({ length: 3 }, () => client.getOrLoad('k', load))
  await other.get('another')
  await other.invalidate('k')
  const late = Array.from({ length: 3 }, () => client.getOrLoad('k', load))
  await other.get('another')
  await new Promise((resolve) => setTimeout(resolve, 50))
  go()
  assert.equal(text(await early), '1')
  assert.deepEqual((await Promise.all([...sharing, ...late])).map(text), Array(6).fill('2'))
  assert.equal(version, 2)
})
