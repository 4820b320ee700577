// A server of many processes: cluster-host.mjs SPEC WORKERS. Each worker opens the router of its own and follows the file;
// the primary has one too. Prints what they saw.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { Router } from 'ringshift'
import { BLUE, single } from './specs.mjs'
import { until } from './until.mjs'

const [file, count] = [process.argv[2], Number(process.argv[3])]
const router = Router.open(file, { watch: 5 })
const keys = Array.from({ length: 200 }, (_, number) => `user:${number}`)
const where = () => keys.map((key) => router.route(key).read.node.id).join()

if (cluster.isPrimary) {
  const workers = Array.from({ length: count }, () => cluster.fork())
  const answers = async () =>
    (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([[generation, nodes]]) => {
      if (nodes !== where()) throw new Error('a worker places keys elsewhere')
      return generation
    })
  console.log(...(await answers()))
  writeFileSync(`${file}.new`, single(BLUE.slice(1), { generation: 2 }))
  renameSync(`${file}.new`, file)
  await until(() => router.generation === 2)
  const second = answers()
  for (const worker of workers) worker.send('again')
  console.log(...(await second))
  const ends = workers.map((worker) => once(worker, 'exit'))
  // By turns: told to disconnect, after which nothing keeps it alive, told to exit, killed.
  workers[0].disconnect()
  workers[1].send('exit')
  workers[2].process.kill('SIGTERM')
  console.log(...(await Promise.all(ends)).map(([code, signal]) => signal ?? code))
} else {
  process.send([router.generation, where()])
  process.on('message', async (message) => {
    if (message === 'exit') process.exit(7)
    await until(() => router.generation === 2)
    process.send([router.generation, where()])
  })
}
