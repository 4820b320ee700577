// Watching: a timer that follows the file, swallows what it must, and holds nobody back.
import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Router } from 'ringshift'
import { collectGarbage } from './helpers/gc.mjs'
import { BLUE, migrating, single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'
import { until } from './helpers/until.mjs'

test('it takes up new specs, survives bad ones, and stops at close', async (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(BLUE))
  const router = Router.open(file, { watch: 5 })
  writeFileSync(`${file}.new`, single(BLUE, { generation: 2 }))
  renameSync(`${file}.new`, file)
  await until(() => router.generation === 2)
  for (const bad of ['', '{"format":1}', single(BLUE, { generation: 1 })]) {
    writeFileSync(file, bad)
    await until(() => router.lastError !== null)
    assert.equal(router.route('user:42').generation, 2)
    writeFileSync(file, single(BLUE, { generation: 2 }))
    await until(() => router.lastError === null)
  }
  rmSync(file)
  await until(() => router.lastError?.code === 'RINGSHIFT_IO')
  assert.equal(router.metrics().reloads.rejected >= 4, true)
  writeFileSync(file, single(BLUE, { generation: 3 }))
  await until(() => router.generation === 3)
  router.close()
  // A refresh after close would throw out of the timer and end this process.
  await sleep(30)
})

test('a schedule moves on without a file', async () => {
  const start = new Date(Date.now() - 1000).toISOString().replace(/\.\d+Z/, 'Z')
  const schedule = { start, steps: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], every: '300ms' }
  const router = Router.fromSpec(migrating(BLUE, BLUE, { stage: 'ramp', schedule }), { watch: 5 })
  const first = router.weight
  await until(() => router.weight > first && router.epoch > 1)
  await until(() => router.weight === 10_000)
  assert.equal(router.generation, 1)
  router.close()
})

test('it ends with a router that nobody holds any more', async () => {
  // Those of the watcher, whichever files the others are of.
  const timers = new Set()
  let made = 0
  const hook = createHook({
    init: (id, type) => {
      if (type !== 'Timeout' || !new Error().stack.includes('/lib/watcher.js')) return
      timers.add(id)
      made += 1
    },
    destroy: (id) => timers.delete(id),
  }).enable()
  const weak = await (async () => {
    const router = Router.fromSpec(single(BLUE), { watch: 5 })
    await until(() => made > 3, 'it refreshes')
    return new WeakRef(router)
  })()
  await until(async () => {
    await collectGarbage()
    return weak.deref() === undefined
  }, 'the router is collected')
  await until(() => timers.size === 0, 'its last timer is gone')
  const before = made
  await sleep(50)
  assert.equal(made, before)
  hook.disable()
})

test('a live watcher keeps no process alive', (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(BLUE))
  const script = `
    const { Router } = require('ringshift')
    globalThis.router = Router.open(process.argv[1], { watch: 1 })
    setTimeout(() => console.log(router.route('user:42').generation), 20)`
  const child = spawnSync(process.execPath, ['-e', script, file], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.deepEqual([child.status, child.signal, child.stdout, child.stderr], [0, null, '1\n', ''])
})

test('process.exit within a refresh storm is clean', (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(BLUE))
  const script = `
    const { Router } = require('ringshift')
    globalThis.routers = Array.from({ length: 20 }, () => Router.open(process.argv[1], { watch: 1 }))
    setTimeout(() => process.exit(7), 20)`
  const child = spawnSync(process.execPath, ['-e', script, file], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.deepEqual([child.status, child.signal, child.stderr], [7, null, ''])
})
