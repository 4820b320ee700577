// Many keys at once: indexMany and indexPacked say in numbers what route says in objects.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_NODE, Router } from 'ringshift'
import { collectGarbage } from './helpers/gc.mjs'
import { pack } from './helpers/pack.mjs'
import { BLUE, GREEN, migrating, single } from './helpers/specs.mjs'

const keys = Array.from({ length: 300 }, (_, number) => `user:${number}`)
const INVALID = { name: 'RingshiftError', code: 'RINGSHIFT_INVALID_ARGUMENT' }
const WRONG_TYPE = { name: 'TypeError', code: 'RINGSHIFT_INVALID_ARGUMENT' }

const first = (router, key) => router.route(key).read?.node.index ?? NO_NODE

/** All ways of asking for the same keys give what route gives. */
function assertAgreement(router, some) {
  const expected = some.map((key) => first(router, key))
  const { bytes, offsets } = pack(some)
  assert.deepEqual([...router.indexMany(some)], expected)
  assert.deepEqual([...router.indexMany(some.values())], expected)
  assert.deepEqual([...router.indexMany(some.map((key) => Buffer.from(key)))], expected)
  assert.deepEqual([...router.indexPacked(bytes, offsets)], expected)
}

const plans = {
  none: undefined,
  prepare: { stage: 'prepare' },
  'ramp, 0 %': { stage: 'ramp', percent: 0 },
  'ramp, 50 %': { stage: 'ramp', percent: 50 },
  'ramp, 100 %': { stage: 'ramp', percent: 100 },
  soak: { stage: 'soak' },
}

for (const [stage, plan] of Object.entries(plans)) {
  test(`they agree with route: ${stage}`, () => {
    const router = Router.fromSpec(plan ? migrating(BLUE, GREEN, plan) : single(BLUE))
    assertAgreement(router, keys)
    const clusters = new Set([...router.indexMany(keys)].map((index) => router.node(index).cluster))
    const both = stage === 'ramp, 50 %'
    const moved = stage === 'soak' || stage === 'ramp, 100 %'
    assert.deepEqual([...clusters].sort(), both ? ['blue', 'green'] : [moved ? 'green' : 'blue'])
  })
}

test('they agree with route: replicas', () => {
  const router = Router.fromSpec(single(BLUE, { cluster: { replicas: 2 } }))
  assertAgreement(router, keys)
})

test('they agree with route: open breakers', () => {
  const breaker = { failures: 1, open: '60s', max_open: '60s', max_ejected: 1 }
  for (const [cluster, nowhere] of [
    [{}, true],
    [{ replicas: 2 }, false],
  ]) {
    const router = Router.fromSpec(single(BLUE, { breaker, cluster }))
    const [node] = router.nodes()
    assert.ok(router.indexMany(keys).includes(node.index))
    router.report(node, 'error')
    assertAgreement(router, keys)
    const indices = router.indexMany(keys)
    assert.equal(indices.includes(node.index), false)
    assert.equal(indices.includes(NO_NODE), nowhere)
  }
})

test('they agree with route: long keys and other characters', () => {
  const router = Router.fromSpec(single(Array.from({ length: 50 }, (_, number) => `127.0.0.1:${number + 1}`)))
  const some = []
  for (const character of ['a', '\0', '\x7f', 'é', 'Ā', '한', '\ufffd', '🙂']) {
    for (const length of [0, 1, 15, 16, 17, 128, 129, 255, 510, 511, 512, 5000]) {
      some.push(character.repeat(length), `${'k'.repeat(length)}${character}`)
    }
  }
  assertAgreement(router, some)
})

test('two routers at the same time, and a new spec, are kept apart', () => {
  const one = Router.fromSpec(single(BLUE))
  const other = Router.fromSpec(migrating(BLUE, GREEN, { stage: 'soak' }))
  for (const key of keys) {
    assert.equal(one.node(one.indexMany([key])[0]).cluster, 'blue')
    assert.equal(other.node(other.indexMany([key])[0]).cluster, 'green')
    assert.equal(one.route(key).stage, 'none')
    assert.equal(other.route(key).stage, 'soak')
  }
  one.apply(single(['127.0.0.1:7'], { generation: 2 }))
  assert.deepEqual(
    new Set([...one.indexMany(keys)].map((index) => one.node(index).address)),
    new Set(['127.0.0.1:7']),
  )
  other.close()
  assertAgreement(one, keys)
})

test('the number of a router that was collected goes to another', async () => {
  const known = Router.fromSpec(single(BLUE))
  const expected = keys.map((key) => first(known, key))
  for (let round = 0; round < 5; round++) {
    const others = Array.from({ length: 20 }, (_, number) =>
      Router.fromSpec(single([`127.0.0.1:${number + 1}`])),
    )
    for (const [number, router] of others.entries()) {
      assert.equal(router.route('user:42').read.node.address, `127.0.0.1:${number + 1}`)
    }
    others.length = 0
    await collectGarbage()
    assert.deepEqual([...known.indexMany(keys)], expected)
  }
})

test('all keys of a call belong to one generation, also when going through them changes the spec', () => {
  const router = Router.fromSpec(single(BLUE))
  function* changing() {
    yield 'user:1'
    router.apply(single(['127.0.0.1:7'], { generation: 2 }))
    yield 'user:2'
  }
  const addresses = [...router.indexMany(changing())].map((index) => router.node(index).address)
  assert.deepEqual(addresses, ['127.0.0.1:7', '127.0.0.1:7'])
})

test('out takes the indices, and keeps what is behind them', () => {
  const router = Router.fromSpec(single(BLUE))
  const { bytes, offsets } = pack(keys)
  for (const ask of [
    (out) => router.indexMany(keys, out),
    (out) => router.indexPacked(bytes, offsets, out),
  ]) {
    const out = new Uint32Array(keys.length + 2).fill(7)
    assert.equal(ask(out), out)
    assert.deepEqual([...out], [...router.indexMany(keys), 7, 7])
    const part = new Uint32Array(out.buffer, 4, keys.length)
    assert.equal(ask(part), part)
    assert.throws(() => ask(new Uint32Array(keys.length - 1)), {
      ...INVALID,
      message: 'out has room for 299 indices; there are 300 keys',
    })
    for (const wrong of [null, [], new Uint8Array(300), new Int32Array(300)])
      assert.throws(() => ask(wrong), WRONG_TYPE)
  }
})

test('no keys are no indices', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.equal(router.indexMany([]).length, 0)
  assert.equal(router.indexPacked(new Uint8Array(0), new Uint32Array(1)).length, 0)
  assert.equal(router.indexPacked(new Uint8Array(9), new Uint32Array([9])).length, 0)
})

test('empty keys, and offsets that begin and end within the bytes', () => {
  const router = Router.fromSpec(single(BLUE))
  const bytes = Buffer.from('xxuser:1user:2xx')
  const indices = router.indexPacked(bytes, new Uint32Array([2, 2, 8, 14]))
  assert.deepEqual(
    [...indices],
    ['', 'user:1', 'user:2'].map((key) => first(router, key)),
  )
})

test('a key that is none is named by its position', () => {
  const router = Router.fromSpec(single(BLUE))
  for (const lone of ['\ud800', 'user:\udc00', `${'x'.repeat(2000)}\ud800`]) {
    assert.throws(() => router.indexMany(['user:1', 'user:2', lone]), {
      code: 'RINGSHIFT_INVALID_KEY',
      message: /^keys\[2\]: the key has a lone surrogate/,
    })
  }
  for (const wrong of [1, null, undefined, {}, new Uint16Array(2), new ArrayBuffer(2)]) {
    assert.throws(() => router.indexMany(['user:1', wrong]), {
      ...WRONG_TYPE,
      message: 'keys[1]: a key is a string or a Uint8Array',
    })
  }
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  assert.throws(() => router.indexMany([shared]), { ...INVALID, message: /^keys\[0\]: .*shared memory/ })
  assert.throws(() => router.indexMany([detached(new Uint8Array(4))]), {
    ...INVALID,
    message: /^keys\[0\]: .*transferred/,
  })
  for (const wrong of [1, null, undefined, {}]) assert.throws(() => router.indexMany(wrong), WRONG_TYPE)
})

function detached(array) {
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

test('offsets that are none are named', () => {
  const router = Router.fromSpec(single(BLUE))
  const bytes = Buffer.from('user:1user:2')
  const wrongs = [
    [[], /offsets has no entry; it has one more than there are keys/],
    [[0, 6, 5], /offsets\[2\] is 5, lower than 6 before it; offsets must not fall/],
    [[13, 12], /offsets\[1\] is 12, lower than 13/],
    [[0, 6, 13], /the last of offsets is 13, beyond the 12 bytes of the keys/],
    [[13], /the last of offsets is 13/],
    [[0, 0xffffffff], /the last of offsets is 4294967295/],
    [[0, 0xffffffff, 12], /offsets\[2\] is 12, lower than 4294967295/],
  ]
  for (const [offsets, message] of wrongs) {
    const out = new Uint32Array(3).fill(7)
    assert.throws(() => router.indexPacked(bytes, new Uint32Array(offsets), out), { ...INVALID, message })
    assert.deepEqual([...out], [7, 7, 7], 'nothing was written')
  }
  for (const wrong of [[0, 6], new Uint8Array(2), new Int32Array(2), null, undefined])
    assert.throws(() => router.indexPacked(bytes, wrong), {
      ...WRONG_TYPE,
      message: 'offsets is a Uint32Array',
    })
  for (const wrong of ['user:1', new Uint16Array(2), bytes.buffer, null, undefined])
    assert.throws(() => router.indexPacked(wrong, new Uint32Array(1)), {
      ...WRONG_TYPE,
      message: 'bytes is a Uint8Array',
    })
})

test('packed keys in shared, detached or overlapping memory are refused', () => {
  const router = Router.fromSpec(single(BLUE))
  const good = () => ({ bytes: new Uint8Array(8), offsets: new Uint32Array([0, 8]), out: new Uint32Array(1) })
  const ask = ({ bytes, offsets, out }) => router.indexPacked(bytes, offsets, out)
  assert.equal(ask(good()).length, 1)
  for (const name of ['bytes', 'offsets', 'out']) {
    const shared = good()
    const { constructor: Numbers, byteLength } = shared[name]
    shared[name] = new Numbers(new SharedArrayBuffer(byteLength))
    assert.throws(() => ask(shared), { ...INVALID, message: new RegExp(`^${name} is in shared memory`) })
  }
  for (const name of ['bytes', 'offsets']) {
    const gone = good()
    detached(gone[name])
    assert.throws(() => ask(gone), {
      ...INVALID,
      message: new RegExp(`memory of ${name} was transferred away`),
    })
  }
  const memory = new ArrayBuffer(32)
  const offsets = new Uint32Array(memory, 0, 2)
  offsets.set([0, 8])
  const bytes = new Uint8Array(memory, 8, 8)
  assert.throws(() => ask({ bytes, offsets, out: new Uint32Array(memory, 4, 1) }), {
    ...INVALID,
    message: /^out shares memory with offsets/,
  })
  assert.throws(() => ask({ bytes, offsets, out: new Uint32Array(memory, 12, 1) }), {
    ...INVALID,
    message: /^out shares memory with bytes/,
  })
  // Side by side is fine.
  assert.equal(
    ask({ bytes, offsets, out: new Uint32Array(memory, 16, 1) })[0],
    first(router, new Uint8Array(8)),
  )
})

test("a breaker's one probe is one index", async () => {
  const breaker = { failures: 1, open: '5ms', max_open: '5ms', max_ejected: 1 }
  const ask = {
    indexMany: (router, some) => router.indexMany(some),
    indexPacked: (router, some) => router.indexPacked(pack(some).bytes, pack(some).offsets),
  }
  for (const indices of Object.values(ask)) {
    const router = Router.fromSpec(single(BLUE, { breaker }))
    const [node] = router.nodes()
    const key = keys.find((each) => router.route(each).read.node === node)
    router.report(node, 'error')
    assert.deepEqual([...indices(router, [key, key])], [NO_NODE, NO_NODE])
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual([...indices(router, [key, key, key])], [node.index, NO_NODE, NO_NODE])
    router.report(node, 'ok')
    assert.deepEqual([...indices(router, [key, key])], [node.index, node.index])
  }
})

test('node gives the node of an index', () => {
  const router = Router.fromSpec(single(BLUE))
  const nodes = router.nodes()
  for (const node of nodes) assert.equal(router.node(node.index), node)
  assert.equal(router.node(router.indexMany(['user:42'])[0]), router.route('user:42').read.node)
  // One that has left the spec is still known.
  router.apply(single(['127.0.0.1:7'], { generation: 2 }))
  assert.equal(router.node(nodes[0].index), nodes[0])
  assert.equal(router.node(router.nodes()[0].index).address, '127.0.0.1:7')
  assert.throws(() => router.node(NO_NODE), {
    ...INVALID,
    message: /4294967295; it stands for nowhere to read/,
  })
  for (const wrong of [-1, 0.5, 9, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => router.node(wrong), { ...INVALID, message: /this router has no node/ })
  for (const wrong of ['0', 'length', null, undefined, {}, nodes[0]])
    assert.throws(() => router.node(wrong), WRONG_TYPE)
})

test('NO_NODE is no index', () => {
  assert.equal(NO_NODE, 0xffffffff)
})
