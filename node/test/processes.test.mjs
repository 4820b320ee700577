// Processes: the cluster module, and all the ways in which a process with live watchers ends.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BLUE, single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

const CLUSTER = fileURLToPath(new URL('./helpers/cluster-host.mjs', import.meta.url))
// Large enough for a refresh to take its time.
const MANY = Array.from({ length: 200 }, (_, number) => `127.0.0.1:${number + 1}`)

function specFile(t, addresses) {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(addresses))
  return file
}

function run(...args) {
  const child = spawnSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return [child.status, child.signal, child.stdout, child.stderr]
}

test('the workers of a cluster place keys as its primary does, and follow the spec', (t) => {
  const file = specFile(t, BLUE)
  assert.deepEqual(run(CLUSTER, file, '3'), [0, null, '1 1 1\n2 2 2\n0 7 SIGTERM\n', ''])
})

const PROGRAM = `
  const fs = require('node:fs')
  const { Router } = require('ringshift')
  const file = process.argv[1]
  const text = fs.readFileSync(file, 'utf8')
  const routers = Array.from({ length: 8 }, () => Router.open(file, { watch: 1 }))
  let generation = 1
  const rewrite = () => {
    fs.writeFileSync(file + '.new', text.replace('"generation":1', '"generation":' + ++generation))
    fs.renameSync(file + '.new', file)
  }
  const writer = setInterval(rewrite, 2)
`

for (const [what, end, wanted] of [
  ['process.exit', 'setTimeout(() => process.exit(7), 30)', [7, null]],
  ['process.exit at once', 'process.exit(7)', [7, null]],
  ['process.reallyExit, which runs nothing', 'setTimeout(() => process.reallyExit(7), 30)', [7, null]],
  ['an exception', 'setTimeout(() => { throw 7 }, 30)', [1, null]],
  ['a signal', "setTimeout(() => process.kill(process.pid, 'SIGTERM'), 30)", [null, 'SIGTERM']],
  ['nothing left to do', 'setTimeout(() => clearInterval(writer), 30)', [0, null]],
  [
    'a router that is used while the process exits',
    `process.on('exit', () => { routers[0].route('user:42'); routers[0].refresh(); routers[0].metrics(); routers[1].close() })
     setTimeout(() => process.exit(7), 30)`,
    [7, null],
  ],
]) {
  test(`a process with live watchers ends by ${what}`, (t) => {
    const file = specFile(t, MANY)
    for (let round = 0; round < 3; round++) {
      writeFileSync(file, single(MANY))
      const [status, signal, stdout, stderr] = run('-e', PROGRAM + end, file)
      assert.deepEqual([status, signal, stdout], [...wanted, ''])
      if (status !== 1) assert.equal(stderr, '')
    }
  })
}

test('a watcher refreshes while JavaScript does not give way', (t) => {
  const file = specFile(t, MANY)
  const program = `
    const { Router } = require('ringshift')
    const router = Router.open(process.argv[1], { watch: 60_000 })
    const plain = Router.open(process.argv[1])
    const cell = new Int32Array(new SharedArrayBuffer(4))
    // The event loop does not turn meanwhile.
    for (let turn = 0; turn < 4_000 && router.metrics().reloads.unchanged === 0; turn++) Atomics.wait(cell, 0, 0, 5)
    console.log(router.metrics().reloads.unchanged, plain.metrics().reloads.unchanged)`
  assert.deepEqual(run('-e', program, file), [0, null, '1 0\n', ''])
})

test('what is asked for by hand is done before the call returns, without a thread of the pool', (t) => {
  const uneven = (generation) =>
    single(MANY, { generation, cluster: { placement: { kind: 'ring', vnodes: 1 } } })
  const file = specFile(t, MANY)
  const fifo = `${file}.fifo`
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0)
  const program = `
    const fs = require('node:fs')
    const { Router } = require('ringshift')
    const [, file, fifo, second, third] = process.argv
    let turns = 0
    // The pool's only thread waits for a writer.
    fs.open(fifo, 'r', (error, opened) => {
      fs.closeSync(opened)
      console.log('the pool goes on', turns)
    })
    const router = Router.open(file)
    const watched = Router.open(file, { watch: 60_000 })
    setImmediate(() => {
      setImmediate(() => {
        turns++
        fs.closeSync(fs.openSync(fifo, 'w'))
      })
      fs.writeFileSync(file, second)
      console.log(router.refresh(), router.generation)
      console.log(router.apply(third), router.generation)
      console.log(router.metrics().warnings.length > 0, turns, watched.generation)
    })`
  const child = spawnSync(process.execPath, ['-e', program, file, fifo, uneven(2), uneven(3)], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  })
  const said = 'true 2\ntrue 3\ntrue 0 1\nthe pool goes on 1\n'
  assert.deepEqual([child.status, child.signal, child.stdout, child.stderr], [0, null, said, ''])
})
