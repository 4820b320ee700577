// Worker threads: an addon that is loaded in workers only, again and again, while they end in every way.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const HOST = fileURLToPath(new URL('./helpers/worker-host.mjs', import.meta.url))

/** In a process of its own: this one must never have loaded the addon, and a crash must be seen as one. */
function host(...args) {
  const child = spawnSync(process.execPath, [HOST, ...args], { encoding: 'utf8', timeout: 240_000 })
  assert.deepEqual([child.status, child.signal, child.stderr], [0, null, ''])
  return child.stdout.trim()
}

test('loaded in workers only, 50 times, each ends by itself', () => {
  assert.equal(host('50', 'end'), 'workers: 50, routes: 50')
})

test('loaded in workers only, 50 times, each is terminated in the middle of its work', () => {
  assert.equal(host('50', 'terminate'), 'workers: 50, routes: 50')
})

test('four workers at a time, beside the main thread', () => {
  assert.equal(host('20', 'together'), 'workers: 20, routes: 20')
})
