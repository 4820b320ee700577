// A node that was away and comes back with what it held before, on real servers and by each adapter, while callers read and
// write who never write again what was lost: no value is read that a lost write was to remove, and it is removed by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADAPTERS } from './helpers/adapters.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'
import { BREAKER, Trio } from './helpers/trio.mjs'
import { until } from './helpers/until.mjs'

/** So many reads while it is away, and after it is back. */
const READS = 600

/** Every key that is written is in the cache of the node that is to be away. */
async function start(t, Adapter, options) {
  const trio = await Trio.start(t, Adapter, { ...options, relayed: true, repeats: false })
  await trio.callers.start()
  await trio.callers.more(READS)
  return trio
}

/** Until writes were lost whose old values the node still has. */
async function losesWrites({ callers, server }) {
  const has = async (key, version) => Number((await server.value(key)) ?? version) < version
  await callers.until(async () => {
    for (const [key, version] of callers.owing) if (await has(key, version)) return true
    return false
  }, 'a write is lost, and its old value still there')
}

/** What holds when it is back; that nothing older was read in this process is seen by the callers all the time. */
async function isRepaid(trio) {
  const { callers, router } = trio
  await trio.closed()
  await callers.until(() => router.metrics().owed.keys === 0, 'all that was lost is sent again')
  await callers.more(READS)
  const lost = callers.owing
  assert.ok(lost.size > 0, 'no write was lost')
  assert.ok(router.metrics().owed.repaid >= lost.size)
  const other = trio.process()
  for (const [key, version] of lost) {
    const isNew = async () => (await other.client.getOrLoad(key, () => String(version))) === String(version)
    await until(isNew, `another process reads ${key} as it is`)
  }
  assert.equal(trio.breaker.state, 'closed')
  await callers.end()
}

for (const [name, Adapter] of Object.entries(ADAPTERS)) {
  test(`${name}: a node that could not be reached`, async (t) => {
    const trio = await start(t, Adapter)
    await trio.relay.cut()
    await trio.callers.more(READS)
    await losesWrites(trio)
    await trio.relay.mend()
    await isRepaid(trio)
    assert.equal(trio.count(['timeout']), 0)
  })

  test(`${name}: a node to which requests were lost without a word`, async (t) => {
    const trio = await start(t, Adapter)
    trio.relay.onRequest = () => Buffer.alloc(0)
    await trio.opened()
    await trio.callers.more(READS)
    await losesWrites(trio)
    trio.relay.onRequest = (bytes) => bytes
    // Whoever sends on after something was lost would get the replies to others.
    trio.relay.drop()
    await isRepaid(trio)
    assert.ok(trio.count(['timeout']) > 0, 'nothing timed out')
  })

  test(`${name}: a node that can be reached now and then`, async (t) => {
    const breaker = { breaker: { ...BREAKER.breaker, open: '100ms', max_open: '1s' } }
    const trio = await start(t, Adapter, { breaker })
    for (let turn = 0; turn < 3; turn++) {
      const { size } = trio.callers.owing
      await trio.relay.cut()
      await trio.callers.until(() => trio.callers.owing.size > size, 'another write is lost')
      if (turn === 0) await losesWrites(trio)
      await trio.relay.mend()
      await trio.callers.more(READS / 6)
    }
    await isRepaid(trio)
  })
}

test('ioredis: a node that was killed and has read its file', async (t) => {
  const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', temporaryDirectory(t)]
  const trio = await start(t, ADAPTERS.ioredis, { options })
  await trio.relay.cut()
  await trio.server.kill()
  await trio.callers.until(() => trio.callers.owing.size > 0, 'a write is lost')
  await trio.server.restart()
  await losesWrites(trio)
  await trio.relay.mend()
  await isRepaid(trio)
})
