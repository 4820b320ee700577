// What a key may be, and that string and bytes are the same key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { single } from './helpers/specs.mjs'

const addresses = Array.from({ length: 50 }, (_, number) => `127.0.0.1:${number + 1}`)
const router = Router.fromSpec(single(addresses))

// Around the size of the buffer on the stack, with characters of one to four bytes.
const lengths = [0, 1, 255, 256, 509, 510, 511, 512, 513, 1024, 70_000]
const characters = ['a', '\0', '\x7f', 'é', '한', '\uffff', '🙂']

for (const character of characters) {
  test(`string and bytes agree: ${JSON.stringify(character)}`, () => {
    for (const length of lengths) {
      const text = character.repeat(length)
      const bytes = Buffer.from(text)
      assert.equal(router.route(text), router.route(bytes))
      assert.equal(router.route(`${text}x`), router.route(Buffer.concat([bytes, Buffer.from('x')])))
    }
  })
}

test('a view of a part of memory is that part', () => {
  const memory = Buffer.from('prefix:user:42:suffix')
  assert.equal(router.route(memory.subarray(7, 14)), router.route('user:42'))
  assert.equal(router.route(new Uint8Array(memory.buffer, memory.byteOffset + 7, 7)), router.route('user:42'))
})

test('a string made of pieces is its content', () => {
  // V8 keeps such strings as ropes and slices until somebody reads them.
  const rope = ['us', 'er', ':4'].join('').concat('2'.repeat(20))
  assert.equal(router.route(rope), router.route(Buffer.from(`user:4${'2'.repeat(20)}`)))
  assert.equal(router.route(`xx${rope}`.slice(2)), router.route(rope))
})

const surrogates = {
  'a high one': '\ud800',
  'a low one': '\udc00',
  'one at the end': 'user:\ud83d',
  'one before a letter': '\ud83dx',
  'two in the wrong order': '\ude00\ud83d',
  'one in a long string': `${'x'.repeat(2000)}\ud800`,
}

for (const [what, key] of Object.entries(surrogates)) {
  test(`a lone surrogate is refused: ${what}`, () => {
    assert.throws(() => router.route(key), { code: 'RINGSHIFT_INVALID_KEY' })
    assert.throws(() => router.routeMany(['user:42', key]), { code: 'RINGSHIFT_INVALID_KEY' })
    assert.throws(() => router.groupByNode([key]), { code: 'RINGSHIFT_INVALID_KEY' })
    // Its message holds no part of the key.
    assert.throws(
      () => router.route(`secret${key}`),
      (error) => !error.message.includes('secret'),
    )
  })
}

test('the replacement character itself is a key', () => {
  assert.equal(router.route('\ufffd'), router.route(Buffer.from('\ufffd')))
})

test('memory that others may change is refused', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(7))
  assert.throws(() => router.route(shared), { code: 'RINGSHIFT_INVALID_ARGUMENT', message: /shared memory/ })
})

test('memory that was transferred away is refused', () => {
  const gone = new Uint8Array(7)
  structuredClone(gone.buffer, { transfer: [gone.buffer] })
  assert.throws(() => router.route(gone), { code: 'RINGSHIFT_INVALID_ARGUMENT', message: /transferred/ })
})
