// Everything that the addon takes, with what callers get wrong: an error or a failure that is told, and never the end of
// the process. The functions are those that the addon has; one that is new is tried too.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { BLUE, single } from './helpers/specs.mjs'

const native = createRequire(import.meta.url)('../lib/native.js')
const SPEC = new TextEncoder().encode(single(BLUE))
const OTHER = native.fromSpec(SPEC)

/** What was a `Uint8Array` until its memory was given away. */
function detached(Type) {
  const array = new Type(8)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

/** Made anew for every call, which may use them up. */
const hostile = () => [
  undefined,
  null,
  true,
  0,
  -0,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 63),
  1e308,
  10n ** 40n,
  '',
  '\0',
  '\ud800',
  'x'.repeat(100_000),
  Symbol('a'),
  {},
  [],
  [1, 2],
  Object.create(null),
  () => {},
  new Proxy([], {}),
  new Proxy(() => {}, {}),
  { toString: () => assert.fail('asked'), valueOf: () => assert.fail('asked') },
  new Date(0),
  /a/,
  new Map(),
  new ArrayBuffer(8),
  new SharedArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Uint8Array(),
  new Uint8Array(3),
  new Uint8Array(new SharedArrayBuffer(8)),
  new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 })),
  new Uint8ClampedArray(3),
  new Int32Array(2),
  new Int32Array(new SharedArrayBuffer(0)),
  new Uint32Array(3),
  new Uint32Array([0, 2 ** 32 - 1]),
  new Float64Array(2),
  new BigUint64Array(2),
  detached(Uint8Array),
  detached(Uint32Array),
  Buffer.from('a'),
  OTHER,
]

/** An error that is thrown or given is fine, if it is no fault inside. */
function survives(call, name) {
  let given
  try {
    given = call()
  } catch (error) {
    assert(error instanceof Error, name)
    assert.doesNotMatch(error.message, /panicked|fault inside/, name)
    return
  }
  assert.notEqual(given?.kind, 'internal', `${name}: ${given?.message}`)
}

const methodsOf = (object) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor')

/** Calls with no argument up to five, one of them wrong or all of them. */
function calls(right, call) {
  for (let count = 0; count <= 5; count += 1) {
    for (let which = 0; which < hostile().length; which += 1) {
      call(Array.from({ length: count }, () => hostile()[which]))
      for (let place = 0; place < count; place += 1) {
        const given = right.slice(0, count)
        given[place] = hostile()[which]
        call(given)
      }
    }
  }
}

test('functions of the addon bear what callers get wrong', () => {
  const names = Object.keys(native)
  assert(names.includes('fromSpec') && names.includes('moves') && names.includes('open'))
  for (const name of names) {
    // A class is called too, without `new`.
    calls(name === 'open' ? ['no such file'] : [SPEC, SPEC], (given) =>
      survives(() => native[name](...given), name),
    )
  }
})

test('methods of a handle bear what callers get wrong, on whatever they are called', () => {
  const names = methodsOf(native.fromSpec(SPEC))
  assert(names.length >= 15)
  for (const name of names) {
    const handle = native.fromSpec(SPEC)
    const right = {
      report: [0, 'read', 'hit'],
      lost: [0, 'a', 'error'],
      owed: [0],
      repaid: ['a', 1],
      node: [0],
      apply: [SPEC],
    }[name] ?? ['a']
    calls(right, (given) => survives(() => handle[name](...given), name))
    for (const other of hostile()) {
      survives(() => handle[name].call(other, 'a'), name)
    }
    const closed = native.fromSpec(SPEC)
    closed.close()
    calls(['a'], (given) => survives(() => closed[name](...given), name))
  }
})

test('functions of the raw interface never throw, and answer nothing to what is wrong', () => {
  const functions = new native.Functions()
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const handle = native.fromSpec(SPEC)
  const number = functions.add(handle)
  const names = methodsOf(functions).filter((name) => name !== 'add')
  assert(names.length >= 5)
  for (const name of names) {
    for (const wrong of hostile()) {
      // Where the answer would go.
      assert.throws(() => functions[name](wrong), /cell|Int32Array/, name)
      survives(() => new native.Functions().add(wrong), 'add')
    }
    const raw = functions[name](cell)
    calls([new Uint8Array(2), new Uint32Array([0, 2]), new Uint32Array(1)], (given) => {
      for (const router of [number, number + 1, 0, 2 ** 31 - 1]) {
        cell[0] = router
        assert.equal(raw.apply(hostile()[given.length], given), undefined)
        if (router !== number) {
          assert.equal(cell[0], router, `${name} answered for a router that there is not`)
        }
      }
    })
    survives(() => new raw(), name)
  }
  handle.close()
  for (const name of names) {
    const raw = functions[name](cell)
    calls(['a'], (given) => {
      cell[0] = number
      raw(...given)
      assert(cell[0] < 0, `${name} of a closed router`)
    })
  }
})

test('memory that is given away, shared, resized or someone else’s is refused', () => {
  const router = Router.fromSpec(single(BLUE))
  for (const key of [
    detached(Uint8Array),
    new Uint8Array(new SharedArrayBuffer(8)),
    new Uint32Array(1),
    new DataView(new ArrayBuffer(1)),
  ]) {
    assert.throws(() => router.route(key), { code: 'RINGSHIFT_INVALID_ARGUMENT' })
  }
  // Memory may shrink under a key that was good.
  const memory = new ArrayBuffer(64, { maxByteLength: 64 })
  const key = new Uint8Array(memory, 32, 32)
  router.route(key)
  memory.resize(16)
  try {
    router.route(key)
  } catch (error) {
    assert(error instanceof Error)
  }
  assert(router.route('a').read)
})
