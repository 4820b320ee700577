// With whom a load is shared, step by step, without a server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import keys from '../adapters/keys.js'
import loads from '../adapters/loads.js'

/** Loads of one key whose origin and node answer when they are told to. */
function setUp() {
  const all = new loads.Loads()
  const log = []
  const held = []
  const hold = (what) => {
    log.push(what)
    return new Promise((resolve, reject) => held.push({ what, resolve, reject }))
  }
  /** A read that arrives now and misses everywhere when `missed` is called. */
  const reader = (name) => {
    const arrived = all.arrive()
    const load = () => hold(`${name} loads`)
    const fill = (value) => hold(`${name} fills ${value}`)
    return { missed: () => settled(all.run('k', arrived, load, fill)) }
  }
  /** Answers what waits, and lets everybody go on. */
  const answer = async (what, value) => {
    const at = held.findIndex((one) => one.what === what)
    assert.notEqual(at, -1, `${what} is not waited for, but ${held.map((one) => one.what)}`)
    const [{ resolve, reject }] = held.splice(at, 1)
    if (value instanceof Error) reject(value)
    else resolve(value)
    await turn()
  }
  return { log, reader, answer }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A promise whose outcome can be asked for. */
function settled(promise) {
  const state = { value: undefined }
  promise.then(
    (value) => {
      state.value = value
    },
    (error) => {
      state.value = error
    },
  )
  return state
}

test('who had come before the load began gets its value, whatever becomes of the fill', async () => {
  const { log, reader, answer } = setUp()
  const [first, second] = [reader('first'), reader('second')]
  const one = first.missed()
  const two = second.missed()
  await answer('first loads', 'v')
  await answer('first fills v', false)
  assert.deepEqual([one.value, two.value], ['v', 'v'])
  assert.deepEqual(log, ['first loads', 'first fills v'])
})

test('who comes before the fill is sent gets the value if it was accepted', async () => {
  const { log, reader, answer } = setUp()
  const one = reader('first').missed()
  const late = [reader('second').missed(), reader('third').missed()]
  await answer('first loads', 'v')
  await answer('first fills v', true)
  assert.deepEqual([one.value, ...late.map(({ value }) => value)], ['v', 'v', 'v'])
  assert.deepEqual(log, ['first loads', 'first fills v'])
})

test('if the fill was defeated, those who came late load again, as one', async () => {
  const { log, reader, answer } = setUp()
  const one = reader('first').missed()
  const late = [reader('second').missed(), reader('third').missed()]
  await answer('first loads', 'old')
  await answer('first fills old', false)
  assert.deepEqual([one.value, ...late.map(({ value }) => value)], ['old', undefined, undefined])
  await answer('second loads', 'new')
  await answer('second fills new', false)
  assert.deepEqual(
    late.map(({ value }) => value),
    ['new', 'new'],
  )
  assert.deepEqual(log, ['first loads', 'first fills old', 'second loads', 'second fills new'])
})

test('who comes when the fill is under way loads on his own', async () => {
  const { reader, answer } = setUp()
  const one = reader('first').missed()
  await answer('first loads', 'old')
  const late = reader('second').missed()
  await answer('first fills old', true)
  assert.deepEqual([one.value, late.value], ['old', undefined])
  await answer('second loads', 'new')
  await answer('second fills new', true)
  assert.equal(late.value, 'new')
})

test('a load that throws is an error for those who came before it, and for nobody else', async () => {
  const { log, reader, answer } = setUp()
  const [first, second] = [reader('first'), reader('second')]
  const [one, two] = [first.missed(), second.missed()]
  const late = reader('third').missed()
  const error = new RangeError('no')
  await answer('first loads', error)
  assert.deepEqual([one.value, two.value, late.value], [error, error, undefined])
  await answer('third loads', 'v')
  await answer('third fills v', true)
  assert.equal(late.value, 'v')
  assert.deepEqual(log, ['first loads', 'third loads', 'third fills v'])
})

test('a load that finds nothing is not filled, and loaded again by those who came late', async () => {
  const { log, reader, answer } = setUp()
  const one = reader('first').missed()
  const late = reader('second').missed()
  await answer('first loads', null)
  assert.deepEqual([one.value, late.value], [null, undefined])
  await answer('second loads', null)
  assert.equal(late.value, null)
  assert.deepEqual(log, ['first loads', 'second loads'])
})

test('a key of text and one of bytes are one load if they are one key, and only then', () => {
  const { nameOf } = keys
  assert.equal(nameOf('키'), nameOf(Buffer.from('키')))
  // The bytes of é, read one by one, are the letters of another key.
  assert.notEqual(nameOf('Ã©'), nameOf(Buffer.from('é')))
  assert.equal(nameOf('user:42'), nameOf(Buffer.from('user:42')))
})
