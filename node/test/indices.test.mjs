// Many keys into numbers: the same nodes as by routes, in every stage, from strings, bytes and packed keys.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import ringshift from 'ringshift'
import { collectGarbage } from './helpers/gc.mjs'
import { pack } from './helpers/pack.mjs'
import { BLUE, GREEN, migrating, single } from './helpers/specs.mjs'
import { until } from './helpers/until.mjs'

const { NO_NODE, Router } = ringshift

const keys = [
  ...Array.from({ length: 300 }, (_, number) => `user:${number}`),
  '',
  'ключ',
  '鍵'.repeat(300),
  'x'.repeat(2000),
]

function packed(all) {
  const { bytes, offsets } = pack(all)
  return [bytes, offsets]
}

const indicesOfRoutes = (router) => keys.map((key) => router.route(key).read?.node.index ?? NO_NODE)

const specs = {
  'without a migration': single(BLUE),
  'with replicas': single(BLUE, { cluster: { replicas: 2 } }),
  'in prepare': migrating(BLUE, GREEN, { stage: 'prepare' }),
  'in the ramp': migrating(BLUE, GREEN, { stage: 'ramp', percent: 40 }),
  'in soak': migrating(BLUE, GREEN, { stage: 'soak' }),
}

for (const [name, spec] of Object.entries(specs)) {
  test(`indices are those of the routes, ${name}`, () => {
    const router = Router.fromSpec(spec)
    const expected = indicesOfRoutes(router)
    assert.ok(new Set(expected).size > 1)
    assert.deepEqual(Array.from(router.indexMany(keys)), expected)
    assert.deepEqual(Array.from(router.indexMany(new Set(keys))), expected)
    assert.deepEqual(Array.from(router.indexMany(keys.map((key) => Buffer.from(key)))), expected)
    assert.deepEqual(Array.from(router.indexPacked(...packed(keys))), expected)
    for (const index of expected) assert.equal(router.node(index).index, index)
  })
}

test('a node that is kept away is not among them', () => {
  const router = Router.fromSpec(single(BLUE))
  const [victim] = router.nodes()
  for (let failure = 0; failure < 3; failure++) router.report(victim, 'timeout')
  const expected = indicesOfRoutes(router)
  assert.ok(expected.includes(NO_NODE))
  assert.ok(!expected.includes(victim.index))
  assert.deepEqual(Array.from(router.indexMany(keys)), expected)
  assert.deepEqual(Array.from(router.indexPacked(...packed(keys))), expected)
})

test('the room of the caller', () => {
  const router = Router.fromSpec(single(BLUE))
  const expected = indicesOfRoutes(router)
  for (const call of [
    (room) => router.indexMany(keys, room),
    (room) => router.indexPacked(...packed(keys), room),
  ]) {
    const room = new Uint32Array(keys.length + 1).fill(7)
    assert.equal(call(room), room)
    assert.deepEqual(Array.from(room), [...expected, 7], 'what is behind the last key is left alone')
    const part = new Uint32Array(new ArrayBuffer(4 * keys.length + 8), 8)
    assert.deepEqual(Array.from(call(part)), expected)
    assert.throws(() => call(new Uint32Array(3)), {
      code: 'RINGSHIFT_INVALID_ARGUMENT',
      message: /3 places; 304 keys/,
    })
    assert.throws(() => call(new Int32Array(400)), TypeError)
  }
})

test('a new spec is followed', () => {
  const router = Router.fromSpec(single(BLUE))
  const before = indicesOfRoutes(router)
  router.apply(single(BLUE.slice(0, 2), { generation: 2 }))
  const after = Array.from(router.indexMany(keys))
  assert.notDeepEqual(after, before)
  assert.deepEqual(after, indicesOfRoutes(router))
  assert.equal(router.node(2).id, 'n2', 'a node that has left the spec is still known')
})

test('no keys', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.equal(router.indexMany([]).length, 0)
  for (const offsets of [new Uint32Array(0), Uint32Array.of(0)]) {
    assert.equal(router.indexPacked(new Uint8Array(0), offsets).length, 0)
  }
  assert.equal(router.indexPacked(new Uint8Array(0), Uint32Array.of(0, 0)).length, 1)
})

test('what is no key', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.throws(() => router.indexMany(['a', '\ud800']), {
    code: 'RINGSHIFT_INVALID_KEY',
    message: /^key 1: the key has a lone surrogate/,
  })
  assert.throws(() => router.indexMany(['a', 7]), {
    name: 'TypeError',
    message: 'key 1: a key is a string or a Uint8Array',
  })
  router.close()
  assert.throws(() => router.indexMany(['a']), {
    code: 'RINGSHIFT_CLOSED',
    message: 'the router was closed',
  })
  for (const wrong of [7, 'user:42', Buffer.from('a'), null])
    assert.throws(() => router.indexMany(wrong), TypeError)
})

test('offsets that are wrong are named, and nothing is written', () => {
  const router = Router.fromSpec(single(BLUE))
  const bytes = Buffer.from('abcdef')
  for (const [offsets, which] of [
    [[0, 3, 2], 2],
    [[0, 3, 7], 2],
    [[7], 0],
    [[0, 2 ** 32 - 1], 1],
  ]) {
    const room = new Uint32Array(4).fill(7)
    assert.throws(() => router.indexPacked(bytes, Uint32Array.from(offsets), room), {
      code: 'RINGSHIFT_INVALID_ARGUMENT',
      message: new RegExp(`^offset ${which} `),
    })
    assert.deepEqual(Array.from(room), [7, 7, 7, 7])
  }
})

test('memory that others may change, or that is gone, or is the room itself', () => {
  const router = Router.fromSpec(single(BLUE))
  const bytes = () => new Uint8Array(Buffer.from('abcdef'))
  const gone = bytes()
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(gone, [gone.buffer])
  const offsets = Uint32Array.of(0, 3, 6)
  const bad = { code: 'RINGSHIFT_INVALID_ARGUMENT', message: /memory/ }
  assert.throws(() => router.indexPacked(gone, offsets), bad)
  assert.throws(() => router.indexPacked(new Uint8Array(new SharedArrayBuffer(6)), offsets), bad)
  assert.throws(() => router.indexPacked(bytes(), offsets, offsets), bad)
  const own = new ArrayBuffer(16)
  assert.throws(() => router.indexPacked(new Uint8Array(own), offsets, new Uint32Array(own)), bad)
  assert.throws(() => router.indexPacked('abc', offsets), TypeError)
  assert.throws(() => router.indexPacked(bytes(), [0, 3]), TypeError)
  port1.close()
  port2.close()
})

test('routers in use at the same time are kept apart', () => {
  const one = Router.fromSpec(single(BLUE))
  const other = Router.fromSpec(migrating(BLUE, GREEN, { stage: 'soak' }))
  for (const key of keys) {
    assert.equal(one.node(one.indexMany([key])[0]).cluster, 'blue')
    assert.equal(other.node(other.indexMany([key])[0]).cluster, 'green')
    assert.equal(one.route(key).stage, 'none')
    assert.equal(other.route(key).stage, 'soak')
  }
  other.close()
  assert.throws(() => other.route('user:42'), { code: 'RINGSHIFT_CLOSED' })
  assert.deepEqual(Array.from(one.indexMany(keys)), indicesOfRoutes(one))
})

test('the number of a router that was collected goes to another', async () => {
  const known = Router.fromSpec(single(BLUE))
  const expected = indicesOfRoutes(known)
  const addressOf = (number) => `127.0.0.1:${number + 1}`
  for (let round = 0; round < 5; round++) {
    const others = Array.from({ length: 20 }, (_, number) => Router.fromSpec(single([addressOf(number)])))
    for (const [number, router] of others.entries()) {
      assert.equal(router.route('user:42').read.node.address, addressOf(number))
    }
    others.length = 0
    await collectGarbage()
    assert.deepEqual(Array.from(known.indexMany(keys)), expected)
  }
})

test('all keys belong to one generation, also when to go through them changes the spec', () => {
  const router = Router.fromSpec(single(BLUE))
  function* changing(generation) {
    yield 'user:1'
    router.apply(single(['127.0.0.1:7'], { generation }))
    yield 'user:2'
  }
  const addresses = Array.from(router.indexMany(changing(2)), (index) => router.node(index).address)
  assert.deepEqual(addresses, ['127.0.0.1:7', '127.0.0.1:7'])
  const generations = router.routeMany(changing(3)).map((route) => route.generation)
  assert.deepEqual(generations, [3, 3])
})

test('an array may ask another router, or the same one, when a key is taken out of it', () => {
  const router = Router.fromSpec(single(BLUE))
  const other = Router.fromSpec(single(BLUE.slice(0, 1)))
  const expected = Array.from(router.indexMany(keys))
  for (const asked of [router, other]) {
    for (const ask of [
      (key) => asked.route(`new:${key}`),
      (key) => asked.indexMany([`new:${key}`]),
      (key) => asked.indexPacked(...packed([`new:${key}`])),
    ]) {
      const asking = new Proxy(keys, {
        get(all, name, receiver) {
          ask(String(name))
          return Reflect.get(all, name, receiver)
        },
      })
      assert.deepEqual(Array.from(router.indexMany(asking)), expected)
    }
  }
})

test("a breaker's one probe is one index", async () => {
  const breaker = { failures: 1, open: '5ms', max_open: '5ms', max_ejected: 1 }
  for (const indices of [
    (router, some) => router.indexMany(some),
    (router, some) => router.indexPacked(...packed(some)),
  ]) {
    const router = Router.fromSpec(single(BLUE, { breaker }))
    const [node] = router.nodes()
    const key = keys.find((each) => router.route(each).read.node === node)
    router.report(node, 'error')
    await until(() => !router.metrics().breakers.some(({ state }) => state === 'open'))
    assert.deepEqual(Array.from(indices(router, [key, key, key])), [node.index, NO_NODE, NO_NODE])
    router.report(node, 'ok')
    assert.deepEqual(Array.from(indices(router, [key, key])), [node.index, node.index])
  }
})

test('a node that never was', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.throws(() => router.node(3), { code: 'RINGSHIFT_INVALID_ARGUMENT', message: /no node 3/ })
  for (const index of [-1, 0.5, NO_NODE + 1, '0', undefined])
    assert.throws(() => router.node(index), TypeError)
})
