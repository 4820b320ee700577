// Memory: what a router took comes back, and calls leave nothing behind. The bounds are wide; a leak of a few bytes a
// call is still far beyond them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { collectGarbage } from './helpers/gc.mjs'
import { pack } from './helpers/pack.mjs'
import { BLUE, GREEN, migrating } from './helpers/specs.mjs'

const MIB = 1 << 20
// `make soak` makes more.
const CALLS = Number(process.env.RINGSHIFT_CALLS ?? 1_000_000)

const spec = (generation = 1) => migrating(BLUE, GREEN, { stage: 'ramp', percent: 50 }, { generation })

/** How many bytes the process and its heap grow by in `run`, after a first round of it that fills every cache. */
async function growth(run) {
  await run(0)
  await collectGarbage()
  const before = process.memoryUsage()
  await run(1)
  await collectGarbage()
  const after = process.memoryUsage()
  const heap = (usage) => usage.heapUsed + usage.external
  return { process: after.rss - before.rss, heap: heap(after) - heap(before) }
}

async function assertGrowth(limit, run) {
  const grown = await growth(run)
  assert.ok(grown.process < limit, `the process grew by ${(grown.process / MIB).toFixed(1)} MiB`)
  // What JavaScript holds is known to the byte after a collection.
  assert.ok(grown.heap < 4 * MIB, `the heap grew by ${(grown.heap / MIB).toFixed(1)} MiB`)
}

test(`${CALLS} calls to route`, async () => {
  const router = Router.fromSpec(spec())
  const bytes = Buffer.from('user:0000000')
  await assertGrowth(24 * MIB, async (round) => {
    for (let call = 0; call < CALLS; call++) {
      bytes.writeUInt32LE(call, 5)
      router.route(bytes)
      router.route(`user:${round}:${call}`)
    }
  })
})

test('many keys at once, and one generation after the other', async () => {
  const router = Router.fromSpec(spec())
  const keys = Array.from({ length: 1_000 }, (_, number) => `user:${number}`)
  const { bytes, offsets } = pack(keys)
  const out = new Uint32Array(keys.length)
  let generation = 1
  await assertGrowth(24 * MIB, async () => {
    for (let turn = 0; turn < 1_000; turn++) {
      router.indexMany(keys)
      router.indexMany(keys, out)
      router.indexPacked(bytes, offsets)
      router.indexPacked(bytes, offsets, out)
      router.apply(spec(++generation))
    }
  })
})

test('calls that fail', async () => {
  const router = Router.fromSpec(spec())
  await assertGrowth(24 * MIB, async () => {
    for (let call = 0; call < 50_000; call++) {
      for (const key of ['\ud800', 1, null]) {
        try {
          router.route(key)
        } catch {
          continue
        }
        assert.fail('not refused')
      }
    }
  })
})

test('reports and metrics', async () => {
  const router = Router.fromSpec(spec())
  const { read } = router.route('user:42')
  await assertGrowth(24 * MIB, async () => {
    for (let call = 0; call < 100_000; call++) router.report(read, 'hit')
    for (let call = 0; call < 2_000; call++) router.metrics() && router.metricsText()
  })
})

test('a router that takes up one generation after the other', async () => {
  const router = Router.fromSpec(spec())
  let generation = 1
  await assertGrowth(24 * MIB, async () => {
    for (let turn = 0; turn < 1_000; turn++) {
      router.apply(spec(++generation))
      for (let number = 0; number < 50; number++) router.route(`user:${number}`)
    }
  })
})

test('routers with a watcher, whose refreshes are under way when they go', async () => {
  await assertGrowth(32 * MIB, async () => {
    for (let number = 0; number < 1_000; number++) {
      const router = Router.fromSpec(spec(), { watch: 1 })
      router.route('user:42')
      if (number % 2 === 0) router.close()
      if (number % 100 === 0) await collectGarbage()
    }
  })
})

for (const [what, end] of Object.entries({ closed: (router) => router.close(), collected: () => {} })) {
  test(`routers that are ${what}`, async () => {
    await assertGrowth(32 * MIB, async () => {
      // Each has 800 points, which is about 20 KiB in two rings.
      for (let number = 0; number < 2_000; number++) {
        const router = Router.fromSpec(spec())
        router.route('user:42')
        end(router)
        if (number % 200 === 0) await collectGarbage()
      }
    })
  })
}
