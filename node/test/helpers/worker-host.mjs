// Starts workers that use ringshift: worker-host.mjs COUNT end|terminate|calling|refreshing|together
//   end          each ends by itself, with a router that is closed and two that are not
//   terminate    each is ended from outside between its calls
//   calling      each is ended from outside, at any moment of a loop of calls that never rests
//   refreshing   each is ended from outside while its watchers refresh large specs all the time
//   together     four at a time, beside the main thread, which uses ringshift too
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { BLUE, GREEN, migrating, single } from './specs.mjs'

/** Keeps whoever refreshes at it for a while. */
const LARGE = Array.from({ length: 150 }, (_, number) => `127.0.0.1:${number + 1}`)

if (isMainThread) {
  await runHost(Number(process.argv[2]), process.argv[3])
} else {
  await runWorker(workerData)
}

async function runHost(count, how) {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringshift-workers-'))
  const file = path.join(directory, 'cache.json')
  writeFileSync(file, single(LARGE))
  const start = () => new Worker(new URL(import.meta.url), { workerData: { how, file }, stderr: false })
  let routes = 0
  const one = async () => {
    const worker = start()
    const exit = once(worker, 'exit')
    const [message] = await once(worker, 'message')
    if (message === 'routed') routes += 1
    if (how !== 'end' && how !== 'together') await worker.terminate()
    await exit
  }
  if (how === 'together') {
    const { Router } = await import('ringshift')
    const router = Router.fromSpec(migrating(BLUE, GREEN, { stage: 'ramp', percent: 50 }), { watch: 1 })
    for (let group = 0; group < count / 4; group++) {
      await Promise.all([one(), one(), one(), one()])
      router.route(`user:${group}`)
    }
  } else {
    for (let number = 0; number < count; number++) {
      // What all workers read changes all the time.
      writeFileSync(`${file}.new`, single(LARGE.slice(number % 7), { generation: number + 2 }))
      renameSync(`${file}.new`, file)
      await one()
    }
  }
  rmSync(directory, { recursive: true })
  console.log(`workers: ${count}, routes: ${routes}`)
}

async function runWorker({ how, file }) {
  const { Router } = await import('ringshift')
  const routers = Array.from({ length: 3 }, () =>
    how === 'refreshing'
      ? Router.open(file, { watch: 1 })
      : Router.fromSpec(migrating(BLUE, GREEN, { stage: 'ramp', percent: 50 }), { watch: 1 }),
  )
  const [router] = routers
  const work = () => {
    const keys = Array.from({ length: 1_000 }, (_, number) => `user:${number}`)
    const indices = router.indexMany(keys)
    for (const [number, key] of keys.entries()) {
      if (router.route(key).read.node.index !== indices[number]) throw new Error(`two nodes for ${key}`)
    }
  }
  work()
  routers[1].close()
  parentPort.postMessage('routed')
  if (how === 'terminate') setInterval(work)
  if (how === 'calling') {
    for (let generation = 2; ; generation++) {
      work()
      router.metricsText()
      router.apply(migrating(BLUE, GREEN, { stage: 'ramp', percent: generation % 100 }, { generation }))
    }
  }
  if (how === 'refreshing') {
    // Opens and drops as well: each has a refresh under way when it goes.
    setInterval(() => Router.open(file, { watch: 1 }).close())
  }
}
