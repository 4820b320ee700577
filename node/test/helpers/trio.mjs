// Three nodes of one cluster, or of each of two, of which one is to fail, on real servers, and callers; and what holds when
// its fault is over.
import assert from 'node:assert/strict'
import { Router } from 'ringshift'
import { Callers, READERS } from './callers.mjs'
import { migrating, single } from './specs.mjs'
import { Tap } from './tap.mjs'

/** The client's, in milliseconds: far above what a loaded machine adds to an answer on loopback. */
export const TIMEOUT = 800
const MARGIN = 700
/** A call that took so long has waited for a node that did not answer. */
export const WAITED = TIMEOUT / 2
/** Of which a hundredth is far more than may wait: whoever is under way when the breaker opens, and its probes. */
export const READS = 2400

export const BREAKER = {
  breaker: { failures: 3, open: '200ms', max_open: '2s', window: '2s', cluster_rate: 0.9 },
}

/** Where the node is that is to fail, and its id: in the one cluster that there is, or in a ramp of which a half has moved. */
export const PLACES = { 'one cluster': 'n0', 'the source of a ramp': 'b0', 'the destination of a ramp': 'g0' }

/** Three nodes of each cluster, of which the first one of one is to fail, and callers. */
export class Trio {
  /** The id of the node that is to fail. */
  faulty

  static async start(
    t,
    Adapter,
    { place = 'one cluster', breaker = BREAKER, relayed = false, repeats = true, options = [] } = {},
  ) {
    const trio = new Trio()
    trio.faulty = PLACES[place]
    const servers = await Promise.all([options, [], []].map((more) => Adapter.start(t, ...more)))
    trio.server = servers[0]
    const addresses = servers.map(({ address }) => address)
    if (relayed) {
      trio.relay = await Tap.start(t, trio.server)
      addresses[0] = trio.relay.address
    }
    let text = single(addresses, breaker)
    if (place !== 'one cluster') {
      const others = await Promise.all([1, 2, 3].map(() => Adapter.start(t)))
      const clusters = [addresses, others.map(({ address }) => address)]
      const [from, to] = trio.faulty === 'b0' ? clusters : clusters.reverse()
      text = migrating(from, to, { stage: 'ramp', percent: 50 }, breaker)
    }
    trio.process = () => {
      const router = Router.fromSpec(text)
      const client = new Adapter(router, TIMEOUT)
      t.after(() => client.close())
      return { router, client }
    }
    const { router, client } = trio.process()
    trio.router = router
    trio.callers = new Callers(router, client, trio.faulty, repeats)
    return trio
  }

  get breaker() {
    return this.router.metrics().breakers.find(({ node }) => node === this.faulty)
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
      this.router.nodes().map(({ id }) => [id, 'closed', id === this.faulty]),
    )
    for (const { cluster, opened } of states.clusterBreakers) assert.equal(opened, 0, cluster)
  }
}
