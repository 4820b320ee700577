// Clients that are closed while they have something to do: what they can't send any more is lost, as what no node
// acknowledges, and the other clients of the router send it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidationLostError, Router } from 'ringshift'
import { ADAPTERS } from './helpers/adapters.mjs'
import { migrating, single } from './helpers/specs.mjs'
import { hold, Tap } from './helpers/tap.mjs'

// One failure of a node would be enough.
const STRICT = { breaker: { failures: 1, max_ejected: 1, open: '60s' } }
const NEVER = 600_000

/** What the router was told of an op. */
function told(router, wanted) {
  const { requests } = router.metrics()
  return requests
    .filter(({ op }) => op === wanted)
    .map(({ cluster, outcome, count }) => `${cluster} ${outcome} ${count}`)
}

function assertBreakersClosed(router) {
  const { breakers, clusterBreakers } = router.metrics()
  for (const { state, opened } of [...breakers, ...clusterBreakers])
    assert.deepEqual([state, opened], ['closed', 0])
}

for (const [name, Adapter] of Object.entries(ADAPTERS)) {
  async function alone(t) {
    const server = await Adapter.start(t)
    const tap = await Tap.start(t, server)
    const router = Router.fromSpec(single([tap.address], STRICT))
    const clients = [new Adapter(router, NEVER), new Adapter(router, NEVER)]
    t.after(() => clients.map((client) => client.close()))
    return { server, tap, router, clients }
  }

  test(`${name}: an invalidation whose client is closed meanwhile is owed by the router's other clients`, async (t) => {
    const { server, tap, router, clients } = await alone(t)
    const [client, other] = clients
    await client.getOrLoad('k', () => 'old')
    await other.getOrLoad('l', () => 'v')
    const arrived = hold(tap)
    const lost = client.invalidate('k').catch((error) => error)
    await arrived()
    client.close()
    assert.ok((await lost) instanceof InvalidationLostError, String(await lost))
    assert.equal(await server.value('k'), 'old')
    assert.deepEqual(told(router, 'invalidate'), ['blue unsent 1'])
    const { debts, owed } = router.metrics()
    assert.deepEqual([debts[0].lost, debts[0].open, owed.keys], [1, true, 1])
    assertBreakersClosed(router)
    assert.equal(router.route('k').read, null)
    tap.beforeRequest = async () => {}
    assert.deepEqual(await other.getMany(['l', 'k']), ['v', null])
    assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 })
    assert.equal(await server.value('k'), null)
    assert.equal(await other.getOrLoad('k', () => 'new'), 'new')
    assert.equal(await other.get('k'), 'new')
  })

  test(`${name}: reads and fills of a client that was closed meanwhile say nothing of the node`, async (t) => {
    const { tap, router, clients } = await alone(t)
    const [client, other] = clients
    const load = () => {
      client.close()
      return 'v'
    }
    assert.equal(await client.getOrLoad('k', load), 'v')
    assert.deepEqual(told(router, 'fill'), ['blue unsent 1'])
    const arrived = hold(tap)
    const pending = other.get('k')
    await arrived()
    other.close()
    assert.equal(await pending, null)
    assert.deepEqual(told(router, 'read'), ['blue miss 1', 'blue unsent 1'])
    assertBreakersClosed(router)
  })

  for (const [what, stages, blue] of [
    ['has not sent yet', ['prepare'], ['blue ok 1']],
    ['would have to send by another spec', ['none', 'prepare'], ['blue ok 1', 'blue unsent 1']],
  ]) {
    test(`${name}: what a client that quits ${what} is owed`, async (t) => {
      const servers = [await Adapter.start(t), await Adapter.start(t)]
      const tap = await Tap.start(t, servers[0])
      const spec = (stage, generation) =>
        migrating([tap.address], [servers[1].address], { stage }, { ...STRICT, generation })
      const router = Router.fromSpec(spec(stages[0], 1))
      const [client, other] = [new Adapter(router, NEVER), new Adapter(router, NEVER)]
      t.after(() => [client, other].map((each) => each.close()))
      await client.getOrLoad('k', () => 'old')
      const arrived = hold(tap)
      const lost = client.invalidate('k').catch((error) => error)
      const go = await arrived()
      for (const [at, stage] of stages.entries()) if (at > 0) router.apply(spec(stage, at + 1))
      client.quit()
      go()
      assert.ok((await lost) instanceof InvalidationLostError, String(await lost))
      assert.deepEqual(told(router, 'invalidate'), [...blue, 'green unsent 1'])
      assert.equal(router.metrics().owed.keys, 1)
      assertBreakersClosed(router)
      tap.beforeRequest = async () => {}
      // In prepare, only writes come by the other cluster.
      await other.invalidate('another')
      assert.deepEqual(router.metrics().owed, { keys: 0, unlistedNodes: 0, repaid: 1 })
    })
  }
}
