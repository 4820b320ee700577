// Worker threads: an addon that is loaded in workers only, again and again, while they end in every way.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const HOST = fileURLToPath(new URL('./helpers/worker-host.mjs', import.meta.url))
// `make soak` starts more.
const COUNT = Number(process.env.RINGSHIFT_WORKERS ?? 25)

/** In a process of its own: this one must never have loaded the addon, and a crash must be seen as one. */
function host(count, how) {
  const child = spawnSync(process.execPath, [HOST, String(count), how], {
    encoding: 'utf8',
    timeout: 60_000 + count * 2_000,
  })
  assert.deepEqual([child.status, child.signal, child.stderr], [0, null, ''])
  assert.equal(child.stdout.trim(), `workers: ${count}, routes: ${count}`)
}

test('loaded in workers only, each ends by itself', () => host(COUNT, 'end'))

test('loaded in workers only, each is terminated between its calls', () => host(COUNT, 'terminate'))

test('loaded in workers only, each is terminated in the middle of its calls', () => host(COUNT, 'calling'))

test('loaded in workers only, each is terminated while its watchers refresh', () =>
  host(COUNT * 8, 'refreshing'))

test('four workers at a time, beside the main thread', () => host(20, 'together'))
