// Starts workers that use ringshift: worker-host.mjs COUNT end|terminate|together
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { BLUE, GREEN, migrating } from './specs.mjs'

if (isMainThread) {
  await runHost(Number(process.argv[2]), process.argv[3])
} else {
  await runWorker()
}

async function runHost(count, how) {
  const start = () => new Worker(new URL(import.meta.url), { workerData: how, stderr: false })
  let routes = 0
  const one = async () => {
    const worker = start()
    const exit = once(worker, 'exit')
    const [message] = await once(worker, 'message')
    if (message === 'routed') routes += 1
    if (how === 'terminate') await worker.terminate()
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
    for (let number = 0; number < count; number++) await one()
  }
  console.log(`workers: ${count}, routes: ${routes}`)
}

async function runWorker() {
  const { Router } = await import('ringshift')
  const routers = Array.from({ length: 3 }, () =>
    Router.fromSpec(migrating(BLUE, GREEN, { stage: 'ramp', percent: 50 }), { watch: 1 }),
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
  if (workerData === 'terminate') setInterval(work)
}
