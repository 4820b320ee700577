// A spec that is rewritten 1,000 times while routes are asked for: one in three is invalid, by rename and in place.
// Each generation's nodes carry its number in their ids, so a route that mixes generations gives itself away.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Router } from 'ringshift'
import { temporaryDirectory } from './helpers/temporary.mjs'

const REWRITES = 1_000

function* nodesOf(route) {
  yield* route.read.nodes
  if (route.fallback) yield* route.fallback.nodes
  yield* route.invalidate
}

test('no route is ever of two generations, and bad specs are counted', async (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  const turn = new Int32Array(new SharedArrayBuffer(8))
  const writer = new Worker(new URL('./helpers/rewriter.mjs', import.meta.url), {
    workerData: { file, rewrites: REWRITES, turn },
  })
  t.after(() => writer.terminate())
  const ended = new Promise((resolve, reject) => writer.once('message', resolve).once('error', reject))
  const first = Atomics.waitAsync(turn, 0, 0)
  if (first.async) await first.value
  const router = Router.open(file)
  // Tells the writer how far this reader is, so that neither runs away from the other.
  const acknowledge = (generation) => {
    Atomics.store(turn, 1, generation)
    Atomics.notify(turn, 1)
  }
  acknowledge(1)

  const seen = new Set()
  const kinds = new Map()
  let calls = 0
  const refresh = () => {
    try {
      router.refresh()
    } catch (error) {
      kinds.set(error.kind, (kinds.get(error.kind) ?? 0) + 1)
      assert.ok(error.message.length > 0)
    }
  }
  for (let written = 0; written < REWRITES; ) {
    written = Atomics.load(turn, 0)
    refresh()
    for (let number = 0; number < 20; number++) {
      const route = router.route(`user:${calls++}`)
      assert.equal(route.generation % 3 === 0, false, 'an invalid spec is in force')
      for (const node of nodesOf(route)) assert.equal(node.id.split('-')[1], String(route.generation))
      seen.add(route.generation)
    }
    acknowledge(written)
  }
  await ended
  refresh()
  assert.equal(router.generation, REWRITES % 3 === 0 ? REWRITES - 1 : REWRITES)

  const { applied, rejected } = router.metrics().reloads
  assert.ok(seen.size > REWRITES / 10, `only ${seen.size} generations were seen`)
  assert.ok(applied >= seen.size)
  assert.ok(rejected > 0)
  for (const kind of kinds.keys()) assert.ok(['spec_syntax', 'spec_invalid', 'io'].includes(kind), kind)
  assert.ok((kinds.get('spec_syntax') ?? 0) + (kinds.get('spec_invalid') ?? 0) > 0)
})
