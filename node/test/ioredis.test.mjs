// The ioredis adapter on real servers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { InvalidationLostError, Router } from 'ringshift'
import { Redis } from 'ringshift/adapters/ioredis'
import scripts from '../adapters/scripts.js'
import { startRedis, startRedises } from './helpers/redis.mjs'
import { migrating, ring, single } from './helpers/specs.mjs'

const RAMP = { stage: 'ramp', percent: 100 }
const KEYS = Array.from({ length: 40 }, (_, number) => `user:${number}`)

/** Two servers of each cluster. */
async function setUp(t, migration = RAMP, { options, top } = {}) {
  const servers = await startRedises(t, 4)
  const [from, to] = [servers.slice(0, 2), servers.slice(2)].map((two) => two.map(({ address }) => address))
  const spec = (changed, generation) => migrating(from, to, changed, { generation, ...top })
  const router = Router.fromSpec(spec(migration, 1))
  const client = new Redis(router, options)
  t.after(() => client.disconnect())
  const at = (node) => servers.find(({ address }) => address === node.address)
  return { servers, router, client, spec, at }
}

async function alone(t, { options, ...top } = {}) {
  const server = await startRedis(t)
  const router = Router.fromSpec(single([server.address], top))
  const client = new Redis(router, options)
  t.after(() => client.disconnect())
  return { server, router, client }
}

test('every adapter sends the same scripts', () => {
  for (const [name, { text }] of [
    ['lease', scripts.LEASE],
    ['fill', scripts.FILL],
  ]) {
    const file = new URL(`../../tests/conformance/${name}.lua`, import.meta.url)
    assert.equal(text, readFileSync(file, 'utf8'))
  }
})

test('commands mean what they mean in Redis', async (t) => {
  const { client } = await alone(t)
  assert.equal(await client.set('k', 'v'), 'OK')
  assert.equal(await client.get('k'), 'v')
  assert.deepEqual(await client.getBuffer(Buffer.from('k')), Buffer.from('v'))
  assert.equal(await client.set('k', 'w', 'NX'), null)
  assert.equal(await client.set('k', 'w', 'xx', 'EX', 100), 'OK')
  assert.equal(await client.set('other', 'w', 'XX'), null)
  assert.equal(await client.setnx('k', 'x'), 0)
  assert.equal(await client.setnx('n', 1), 1)
  const ttl = await client.ttl('k')
  assert.ok(ttl >= 99 && ttl <= 100, String(ttl))
  assert.deepEqual([await client.ttl('n'), await client.ttl('nobody')], [-1, -2])
  assert.equal(await client.set('k', 'y', 'PXAT', Date.now() + 50_000), 'OK')
  const left = await client.pttl('k')
  assert.ok(left > 40_000 && left <= 50_000, String(left))
  assert.deepEqual([await client.expire('k', 70), await client.pexpire('nobody', 70)], [1, 0])
  assert.equal(await client.setex('a', 10, 'A'), 'OK')
  assert.equal(await client.psetex('b', 10_000, 'B'), 'OK')
  assert.deepEqual(await client.mget('a', 'b', 'c'), ['A', 'B', null])
  assert.deepEqual(await client.mget(['a', 'c']), ['A', null])
  assert.equal(await client.exists('a', 'b', 'c'), 2)
  assert.equal(await client.del('a', 'c'), 1)
  assert.equal(await client.unlink(['b']), 1)
  assert.equal(await client.invalidate('k'), undefined)
  assert.equal(await client.get('k'), null)
  assert.deepEqual(
    [
      await client.incr('i'),
      await client.incrby('i', 5),
      await client.decr('i'),
      await client.decrby('i', 2),
    ],
    [1, 6, 5, 3],
  )
  assert.equal(await client.append('t', 'ab'), 2)
  await assert.rejects(client.incr('t'), /not an integer/)
  assert.equal(await client.quit(), 'OK')
  await assert.rejects(client.get('k'), { code: 'RINGSHIFT_CLOSED' })
})

test('numbers as strings are what the caller gets, and nothing else changes', async (t) => {
  const { client } = await alone(t, { options: { stringNumbers: true } })
  assert.equal(await client.getOrLoad('k', () => 'v'), 'v')
  assert.equal(await client.getOrLoad('k', () => assert.fail('it is cached')), 'v')
  assert.deepEqual([await client.expire('k', 10), await client.del('k'), await client.del('k')], [1, 1, 0])
  assert.equal(await client.incr('n'), '1')
})

test('what cannot be right is refused', async (t) => {
  const { client, router, servers } = await setUp(t)
  const wrong = [['GET'], ['KEEPTTL'], ['NX', 'XX'], ['EX', 0], ['EX', 1, 'PX', 1], ['EX']]
  for (const options of wrong) {
    await assert.rejects(
      client.set('k', 'v', ...options),
      { code: 'RINGSHIFT_INVALID_ARGUMENT' },
      String(options),
    )
  }
  for (const call of [client.incr('k'), client.append('k', 'v')]) {
    await assert.rejects(call, { code: 'RINGSHIFT_INVALID_ARGUMENT', message: /several nodes/ })
  }
  await assert.rejects(client.set('k', {}), TypeError)
  await assert.rejects(client.getOrLoad('k', 'v'), TypeError)
  for (const call of [
    client.expire('k', 1, 'NX'),
    client.pexpire('k', 1, 'GT'),
    client.getOrLoad('k', () => 'v', { expire: 1, px: 1 }),
  ]) {
    await assert.rejects(call, { code: 'RINGSHIFT_INVALID_ARGUMENT' })
  }
  for (const server of servers) await server.run('LPUSH', 'g:list', 'x')
  await assert.rejects(client.get('list'), /WRONGTYPE/)
  for (const option of ['host', 'path', 'sentinels', 'keyPrefix']) {
    assert.throws(() => new Redis(router, { [option]: 'x:' }), {
      code: 'RINGSHIFT_INVALID_ARGUMENT',
      message: new RegExp(`the option ${option} is not the caller's`),
    })
  }
  assert.throws(() => new Redis({}), TypeError)
})

test('the whole way keeps every value', async (t) => {
  const { client, router, spec } = await setUp(t, { stage: 'none' })
  const value = (key) => Buffer.from(`\0\xff value of ${key}`, 'latin1')
  for (const key of KEYS) await client.set(key, value(key))
  const stages = [
    { stage: 'prepare' },
    { stage: 'ramp', percent: 10 },
    { stage: 'ramp', percent: 50 },
    RAMP,
    { stage: 'soak' },
  ]
  for (const [number, stage] of stages.entries()) {
    router.apply(spec(stage, number + 2))
    for (const key of KEYS.slice(0, 10)) assert.deepEqual(await client.getBuffer(key), value(key))
    assert.deepEqual(await client.mgetBuffer(KEYS), KEYS.map(value))
  }
  const bad = router.metrics().requests.filter(({ outcome }) => outcome === 'error' || outcome === 'timeout')
  assert.deepEqual(bad, [])
})

test('a write leaves nothing old', async (t) => {
  for (const stage of ['none', 'prepare', 'ramp', 'soak']) {
    const { client, router, at } = await setUp(t, { stage, ...(stage === 'ramp' ? { percent: 50 } : {}) })
    for (const key of KEYS.slice(0, 10)) {
      for (const write of [
        () => client.set(key, 'new'),
        () => client.del(key),
        () => client.invalidate(key),
      ]) {
        const { invalidate, read } = router.route(key)
        for (const node of invalidate) await at(node).run('SET', node.keyPrefix + key, 'old')
        await write()
        for (const node of invalidate) {
          const left = await at(node).value(node.keyPrefix + key)
          assert.ok(
            left === null || (left === 'new' && node.address === read.node.address),
            `${stage} ${key} ${left}`,
          )
        }
      }
    }
    client.disconnect()
  }
})

test('a copy keeps the time that is left, at most max_ttl', async (t) => {
  const { client, router, at } = await setUp(t, RAMP, { top: { max_ttl: '60s' } })
  const reads = [(key) => client.get(key), async (key) => (await client.mget(key, 'nobody'))[0]]
  for (const [number, read] of reads.entries()) {
    for (const [name, more, most] of [
      ['long', [], 60_000],
      ['short', ['PX', 20_500], 20_500],
    ]) {
      const key = `${name}${number}`
      const [from, to] = router.route(key).invalidate
      await at(from).run('SET', key, 'v', ...more)
      assert.equal(await read(key), 'v')
      const left = await at(to).run('PTTL', `g:${key}`)
      assert.ok(left > most - 5000 && left <= most, `${key} ${left}`)
    }
  }
})

test('a load is stored unless an invalidation came in between', async (t) => {
  const { client, router } = await setUp(t)
  const other = new Redis(router)
  t.after(() => other.disconnect())
  const value = Buffer.from('\0\r\n\xff', 'latin1')
  assert.deepEqual(await client.getOrLoadBuffer('k', () => value, { expire: 100 }), value)
  assert.deepEqual(await client.getOrLoadBuffer('k', () => assert.fail('it is cached')), value)
  const ttl = await client.ttl('k')
  assert.ok(ttl > 90 && ttl <= 100, String(ttl))
  const overtaken = async () => {
    // A lease is a miss.
    assert.deepEqual(await other.mget('l', 'nobody'), [null, null])
    assert.equal(await other.get('l'), null)
    await other.invalidate('l')
    return 'old'
  }
  assert.equal(await client.getOrLoad('l', overtaken), 'old')
  assert.equal(await client.get('l'), null)
  const overtakenTwice = async () => {
    await other.invalidate('m')
    assert.equal(await other.getOrLoad('m', () => 'new', { px: 50_000 }), 'new')
    return 'old'
  }
  assert.equal(await client.getOrLoad('m', overtakenTwice), 'old')
  assert.equal(await client.get('m'), 'new')
  assert.equal(await client.getOrLoad('nothing', () => null), null)
  const failing = () => Promise.reject(new RangeError('no'))
  await assert.rejects(client.getOrLoad('nothing', failing), RangeError)
  assert.equal(await client.getOrLoad('own', () => client.getOrLoad('own', () => 'v')), 'v')
})

test('an invalidation between the token and a copy defeats the copy', async (t) => {
  const { client, router, at } = await setUp(t)
  const other = new Redis(router)
  t.after(() => other.disconnect())
  const [from] = router.route('k').invalidate
  await at(from).run('SET', 'k', 'old')
  const { report } = router
  router.report = (node, outcome, op) => {
    report.call(router, node, outcome, op)
    // The value was read at the source; its fill goes out in a moment.
    if (outcome === 'hit' && invalidating === undefined) invalidating = other.invalidate('k')
  }
  let invalidating
  assert.equal(await client.get('k'), 'old')
  await invalidating
  assert.equal(await client.get('k'), null)
})

test('a restart forgets scripts and leases', async (t) => {
  const { server, client } = await alone(t)
  assert.equal(await client.getOrLoad('k', () => '1'), '1')
  const restart = async () => {
    await server.restart()
    return 'old'
  }
  assert.equal(await client.getOrLoad('l', restart), 'old')
  assert.equal(await server.value('l'), null)
  await server.run('SCRIPT', 'FLUSH')
  assert.equal(await client.getOrLoad('m', () => '2'), '2')
  assert.equal(await client.get('m'), '2')
})

test('a dead node is a miss, and its invalidation an error', async (t) => {
  const { client, router, servers } = await setUp(t)
  for (const key of KEYS) await client.set(key, 'v')
  await servers[2].kill()
  const dead = KEYS.filter((key) => router.route(key).invalidate[1].address === servers[2].address)
  assert.ok(dead.length > 0)
  assert.deepEqual(
    await client.mget(KEYS),
    KEYS.map((key) => (dead.includes(key) ? null : 'v')),
  )
  const error = await client.invalidate(dead[0]).catch((caught) => caught)
  assert.ok(error instanceof InvalidationLostError, String(error))
  assert.deepEqual(
    error.lost.map(({ node, key }) => [node.cluster, node.id, key]),
    [['green', 'g0', dead[0]]],
  )
  assert.ok(!error.message.includes(dead[0]))
  assert.equal(await client.getOrLoad(dead[0], () => '7'), '7')
  const both = await client.del(dead[0], dead[1] ?? dead[0]).catch((caught) => caught)
  assert.equal(both.lost.length, 2)
})

test('a node that hangs is given up in time', async (t) => {
  const { client, router, server } = await alone(t, { options: { commandTimeout: 100 } })
  await client.set('k', 'v')
  server.hang()
  assert.equal(await client.get('k'), null)
  assert.ok(router.metrics().requests.some(({ outcome }) => outcome === 'timeout'))
  await assert.rejects(client.set('k', 'w'), InvalidationLostError)
})

test('a full server refuses a value, and loses the old one', async (t) => {
  const server = await startRedis(t, '--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
  const router = Router.fromSpec(single([server.address]))
  const client = new Redis(router)
  t.after(() => client.disconnect())
  await client.set('k', 'old')
  const filling = Promise.all(KEYS.map((key) => client.set(key, 'x'.repeat(200_000))))
  await assert.rejects(filling, /OOM/)
  await assert.rejects(client.set('k', 'x'.repeat(200_000)), /OOM/)
  assert.equal(await server.value('k'), null)
  assert.equal(await client.getOrLoad('l', () => 'v'), 'v')
  assert.ok(router.metrics().breakers.every(({ state }) => state === 'closed'))
})

test('replicas are all filled, and read past a dead one', async (t) => {
  const servers = await startRedises(t, 3)
  const spec = {
    blue: ring(
      servers.map(({ address }) => address),
      { replicas: 3 },
    ),
  }
  const router = Router.fromSpec(
    JSON.stringify({ format: 1, generation: 1, primary: 'blue', clusters: spec }),
  )
  const client = new Redis(router)
  t.after(() => client.disconnect())
  await client.getOrLoad('k', () => '1')
  for (const server of servers) assert.equal(await server.value('k'), '1')
  await servers.find(({ address }) => address === router.route('k').read.node.address).kill()
  assert.equal(await client.get('k'), '1')
})

test('callers share a load by the rules', async (t) => {
  const { client } = await alone(t)
  let version = 0
  let go
  let begun
  const load = async () => {
    const mine = ++version
    begun?.()
    await new Promise((resolve) => {
      go = resolve
    })
    return String(mine)
  }
  const together = async (write) => {
    const started = new Promise((resolve) => {
      begun = resolve
    })
    const early = client.getOrLoad('k', load)
    await started
    if (write) await client.invalidate('k')
    const late = Array.from({ length: 5 }, () => client.getOrLoad('k', load))
    // Until they wait for the load.
    await client.get('another')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const release = setInterval(() => go(), 5)
    const all = await Promise.all([early, ...late])
    clearInterval(release)
    return all
  }
  assert.deepEqual(await together(false), Array(6).fill('1'))
  await client.invalidate('k')
  assert.deepEqual(await together(true), ['2', ...Array(5).fill('3')])
})

test('whoever shares a load gets a value of its own', async (t) => {
  const { client } = await alone(t)
  let loads = 0
  const load = async () => {
    loads += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
    return 'value'
  }
  const values = await Promise.all([1, 2, 3].map(() => client.getOrLoadBuffer('k', load)))
  assert.equal(loads, 1)
  values[0].fill(0)
  values[1].fill(1)
  assert.deepEqual(values.slice(1).map(String), ['\x01'.repeat(5), 'value'])
  values[2].fill(2)
  assert.equal(String(values[1]), '\x01'.repeat(5))
})
