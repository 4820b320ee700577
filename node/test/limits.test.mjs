// Time limits of requests: which end, in which order, and by how many timers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import limits from '../adapters/limits.js'

const FILE = fileURLToPath(new URL('../adapters/limits.js', import.meta.url))

/** Limits, and who was told that its time is over; `all` settles when as many were. */
function setUp(t, milliseconds, count, expired = () => {}) {
  const told = []
  let enough
  const all = new Promise((resolve) => {
    enough = resolve
  })
  const made = new limits.Limits(milliseconds, (name) => {
    told.push(name)
    expired(name)
    if (told.length === count) enough()
  })
  // The limits themselves keep no process alive.
  const alive = setInterval(() => {}, 1000)
  t.after(() => clearInterval(alive))
  return { limits: made, told, all }
}

test('what has not ended in time is told so, the oldest first', async (t) => {
  const { limits: some, told, all } = setUp(t, 20, 4)
  const begun = new Map(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [name, some.begin(name)]))
  for (const name of ['d', 'a', 'g']) some.end(begun.get(name))
  some.end(begun.get('d'))
  await all
  assert.deepEqual(told, ['b', 'c', 'e', 'f'])
  some.end(begun.get('b'))
  assert.equal(told.length, 4)
})

test('one that begins when another is over has its own time', async (t) => {
  const begun = []
  const {
    limits: some,
    told,
    all,
  } = setUp(t, 10, 4, (name) => {
    begun.push(performance.now())
    if (name < 4) some.begin(name + 1)
  })
  some.begin(1)
  await all
  assert.deepEqual(told, [1, 2, 3, 4])
  assert.equal(new Set(begun).size, 4)
})

test('many requests one after the other are one timer', (t) => {
  const timers = t.mock.method(globalThis, 'setTimeout')
  const { limits: some, told } = setUp(t, 60_000, 1)
  for (let turn = 0; turn < 1000; turn++) some.end(some.begin(turn))
  assert.equal(timers.mock.callCount(), 1)
  assert.deepEqual(told, [])
})

test('what arrived while the event loop was held up has arrived in time', async (t) => {
  const { limits: some, told } = setUp(t, 20, 1)
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = net.connect(server.address())
  t.after(() => client.destroy())
  const [[socket]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  const limit = some.begin('a')
  const answered = once(client, 'data').then(() => some.end(limit))
  socket.end('an answer')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  await answered
  assert.deepEqual([limit.isOver, told], [true, []])
})

test('a limit keeps no process alive, and is never over too soon', () => {
  const code = `const { Limits } = require(${JSON.stringify(FILE)})
    const tooSoon = () => { throw new Error('too soon') }
    new Limits(60_000, tooSoon).begin()
    new Limits(2 ** 40, tooSoon).begin()
    setTimeout(() => {}, 50)`
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', timeout: 30_000 })
  assert.deepEqual([status, stderr], [0, ''])
})
