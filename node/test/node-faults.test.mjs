// A node of three that fails in every way, on real servers and by each adapter, while callers read and write: what they see
// meanwhile and afterwards. This is the only test that measures time: with breakers, hardly a call may wait for the node.
// How it would be without them is measured too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Router } from 'ringshift'
import { ADAPTERS } from './helpers/adapters.mjs'
import { Callers, READERS } from './helpers/callers.mjs'
import { NO_BREAKER, single } from './helpers/specs.mjs'
import { Tap } from './helpers/tap.mjs'

/** The client's, in milliseconds: far above what a loaded machine adds to an answer on loopback. */
const TIMEOUT = 800
const MARGIN = 700
/** A call that took so long has waited for a node that did not answer. */
const WAITED = TIMEOUT / 2
/** Of which a hundredth is far more than may wait: whoever is under way when the breaker opens, and its probes. */
const READS = 2400

const BREAKER = { breaker: { failures: 3, open: '200ms', max_open: '2s', window: '2s', cluster_rate: 0.9 } }

/** Three nodes of one cluster of which n0 is to fail, and callers. */
class Trio {
  static async start(t, Adapter, { breaker = BREAKER, relayed = false } = {}) {
    const trio = new Trio()
    const servers = await Promise.all([1, 2, 3].map(() => Adapter.start(t)))
    trio.server = servers[0]
    const addresses = servers.map(({ address }) => address)
    if (relayed) {
      trio.relay = await Tap.start(t, trio.server)
      addresses[0] = trio.relay.address
    }
    trio.router = Router.fromSpec(single(addresses, breaker))
    const client = new Adapter(trio.router, TIMEOUT)
    t.after(() => client.close())
    trio.callers = new Callers(trio.router, client, 'n0')
    return trio
  }

  get breaker() {
    return this.router.metrics().breakers.find(({ node }) => node === 'n0')
  }

  opened() {
    return this.callers.until(() => this.breaker.opened > 0, 'the breaker opens')
  }

  closed() {
    return this.callers.until(() => this.breaker.state === 'closed', 'the breaker closes')
  }

  /** How many requests ended so. */
  count(outcomes, ops = ['read', 'fill', 'invalidate']) {
    const told = this.router.metrics().requests.filter(({ op }) => ops.includes(op))
    return told.filter(({ outcome }) => outcomes.includes(outcome)).reduce((sum, { count }) => sum + count, 0)
  }

  /** The part of the calls that took longer than this. */
  part(calls, milliseconds) {
    return calls.filter((took) => took > milliseconds).length / calls.length
  }

  /** What holds for every fault when it is over. */
  async end() {
    await this.callers.more(READS / 6)
    await this.callers.end()
    const { reads, writes, lost } = this.callers
    assert.ok(lost > 0, 'no write was lost')
    assert.ok(
      this.part([...reads, ...writes], TIMEOUT + MARGIN) <= 0.01,
      'calls waited for more than one timeout',
    )
    assert.ok(
      this.part(reads, WAITED) <= 0.01,
      `${this.part(reads, WAITED)} of the reads waited for the node`,
    )
    const failed = this.count(['error', 'timeout', 'unreachable'], ['read'])
    const most = (READERS + 1) * this.breaker.opened
    assert.ok(
      failed <= most,
      `${failed} reads reached the node and failed, with ${this.breaker.opened} openings`,
    )
    const states = this.router.metrics()
    assert.deepEqual(
      states.breakers.map(({ node, state, opened }) => [node, state, opened > 0]),
      [
        ['n0', 'closed', true],
        ['n1', 'closed', false],
        ['n2', 'closed', false],
      ],
    )
    assert.deepEqual(states.clusterBreakers[0].opened, 0)
  }
}

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

  test(`${name}: a node that hangs and goes on`, async (t) => {
    const trio = await Trio.start(t, Adapter, { relayed: true })
    const { relay, callers } = trio
    let arrived = 0
    relay.onRequest = (bytes) => {
      arrived += Adapter.readsIn(bytes)
      return bytes
    }
    await callers.start()
    await callers.more(100)
    await trio.server.hang()
    await trio.opened()
    const [before, opened] = [arrived, trio.breaker.opened]
    assert.ok(before > 0, 'no read is seen')
    await callers.more(READS)
    const probes = trio.breaker.opened - opened + 1
    assert.ok(arrived - before <= probes, `${arrived - before} reads arrived, and ${probes} were probes`)
    trio.server.wakeUp()
    await trio.closed()
    await trio.end()
    assert.ok(trio.count(['timeout']) > 0, 'nothing timed out')
  })

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
