// A node that fails in every way, on real servers and by each adapter, while callers read and write: what they see
// meanwhile and afterwards. This is the only test that measures time: with breakers, hardly a call may wait for the node.
// How it would be without them is measured too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ADAPTERS } from './helpers/adapters.mjs'
import { READERS } from './helpers/callers.mjs'
import { NO_BREAKER } from './helpers/specs.mjs'
import { BREAKER, PLACES, READS, TIMEOUT, Trio, WAITED } from './helpers/trio.mjs'

for (const [name, Adapter] of Object.entries(ADAPTERS)) {
  test(`${name}: a node that is killed and started again`, async (t) => {
    const trio = await Trio.start(t, Adapter)
    await trio.callers.start()
    await trio.callers.more(100)
    await trio.server.kill()
    await trio.opened()
    await trio.callers.more(READS)
    assert.ok(trio.count(['unreachable']) > 0, 'nothing was unreachable')
    await trio.server.restart()
    await trio.closed()
    await trio.end()
    assert.equal(trio.count(['timeout']), 0)
  })

  test(`${name}: a node that refuses connections from the start`, async (t) => {
    const trio = await Trio.start(t, Adapter)
    await trio.server.kill()
    await trio.callers.start()
    await trio.opened()
    await trio.callers.more(READS)
    await trio.server.restart()
    await trio.closed()
    await trio.end()
    assert.equal(trio.count(['timeout', 'error']), 0)
  })

  for (const place of Object.keys(PLACES)) {
    test(`${name}: a node of ${place} that hangs and goes on`, async (t) => {
      // In a ramp it comes back with what it had: what is sent to it meanwhile is lost, and nobody writes that again.
      const keeps = place !== 'one cluster'
      const trio = await Trio.start(t, Adapter, { place, relayed: true, repeats: !keeps })
      const { relay, callers } = trio
      let arrived = 0
      let hangs = false
      relay.onRequest = (bytes) => {
        arrived += Adapter.readsIn(bytes)
        return keeps && hangs ? Buffer.alloc(0) : bytes
      }
      await callers.start()
      await callers.more(READS / 6)
      await trio.server.hang()
      hangs = true
      await trio.opened()
      const [before, opened] = [arrived, trio.breaker.opened]
      assert.ok(before > 0, 'no read is seen')
      await callers.more(READS)
      const probes = trio.breaker.opened - opened + 1
      assert.ok(arrived - before <= probes, `${arrived - before} reads arrived, and ${probes} were probes`)
      hangs = false
      // Whoever sends on after something was lost would get the replies to others.
      if (keeps) relay.drop()
      trio.server.wakeUp()
      await trio.closed()
      await trio.end()
      assert.ok(trio.count(['timeout']) > 0, 'nothing timed out')
    })
  }

  test(`${name}: without breakers, callers wait for a node that hangs`, async (t) => {
    const trio = await Trio.start(t, Adapter, { breaker: NO_BREAKER })
    const { callers } = trio
    await callers.start()
    await callers.more(100)
    callers.reads.length = 0
    await trio.server.hang()
    const waiting = () => callers.reads.filter((took) => took > WAITED).length
    await callers.until(() => waiting() > 2 * READERS, 'readers wait')
    trio.server.wakeUp()
    const part = trio.part(callers.reads, WAITED)
    assert.ok(part > 0.1, `${part} of the reads waited for the node`)
    assert.equal(trio.breaker.opened, 0)
    await callers.end()
  })

  test(`${name}: a node of which a part of the answers is slow`, async (t) => {
    const trio = await Trio.start(t, Adapter, { relayed: true })
    const { relay, callers } = trio
    await callers.start()
    await callers.more(100)
    let requests = 0
    relay.beforeRequest = () => {
      requests += 1
      return requests % 3 === 0 ? undefined : sleep(2 * TIMEOUT, undefined, { ref: false })
    }
    await trio.opened()
    await callers.more(READS)
    relay.beforeRequest = async () => {}
    await trio.closed()
    await trio.end()
    assert.ok(trio.count(['timeout']) > 0, 'nothing timed out')
  })

  test(`${name}: a node that comes and goes`, async (t) => {
    const breaker = { breaker: { ...BREAKER.breaker, open: '100ms', max_open: '10s' } }
    const trio = await Trio.start(t, Adapter, { breaker })
    const { callers } = trio
    await callers.start()
    for (let turn = 0; turn < 3; turn++) {
      const { opened } = trio.breaker
      await trio.server.kill()
      await callers.until(() => trio.breaker.opened > opened, 'the breaker opens again')
      await trio.server.restart()
      await trio.closed()
    }
    await callers.more(READS / 3)
    await trio.end()
    assert.equal(trio.count(['timeout']), 0)
  })
}
