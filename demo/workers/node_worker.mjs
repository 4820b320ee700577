// A worker in Node: serves its part of the load through the memjs adapter, and reports. It does what
// python_worker.py does, in the manners of its language.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import memjs from '../../node/adapters/memjs.js'
import ringshift from '../../node/index.js'
import { OriginClient, versionOf } from './origin_client.mjs'
import { micros, Tally } from './tally.mjs'

/** Seconds that a node may take: far more than it needs on a busy machine, so that only a dead one fails. */
const TIMEOUT = 2
/** Milliseconds of requests that a lane makes up for when it has fallen behind. */
const BACKLOG = 100
/** The bit that makes a request of the trace a write. */
const WRITE = 0x80000000

const config = JSON.parse(process.argv[2])
const keys = readFileSync(config.keys, 'utf8').split('\n').filter(Boolean)
const trace = readTrace(config.trace)
const tally = new Tally()
const router = ringshift.Router.open(config.spec, { watch: config.watch * 1000 })
countByNode(router)
const client = new memjs.Client(router, { timeout: TIMEOUT })

let place = config.offset
let serving = false
/** Lanes that wait for load to run. */
const waiting = []

function readTrace(path) {
  const bytes = readFileSync(path)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i))
}

/** Counts failures by node on their way to the router, whose metrics count by cluster. */
function countByNode(router) {
  const report = router.report.bind(router)
  router.report = (where, outcome, op = 'read') => {
    if (outcome === 'error' || outcome === 'timeout') {
      const node = where.node ?? where
      tally.event(`error:${node.cluster}/${node.id}`)
      if (op === 'read') tally.event(`read-error:${node.cluster}/${node.id}`)
    }
    report(where, outcome, op)
  }
}

/** One lane: a request, a rest, the next one. */
async function serve(lane) {
  const origin = new OriginClient(config.origin)
  const interval = (1000 * config.lanes) / config.rate
  let due = performance.now() + interval * Math.random()
  for (;;) {
    if (!serving) await new Promise((resolve) => waiting.push(resolve))
    tally.start(lane, router.generation)
    try {
      await request(origin)
    } catch (error) {
      tally.failed(`${error.name}: ${error.message}`)
    }
    tally.finish(lane)
    due = Math.max(due + interval, performance.now() - BACKLOG)
    await sleep(Math.max(0, due - performance.now()))
  }
}

async function request(origin) {
  const number = trace[place++ % trace.length]
  const rank = number % WRITE
  if (number >= WRITE) await write(origin, rank)
  else await read(origin, rank)
}

async function read(origin, rank) {
  const key = keys[rank]
  const began = micros()
  let loaded = false
  const load = async () => {
    loaded = true
    return Buffer.from(await origin.read(key))
  }
  const value = await client.getOrLoad(key, load, { expires: ttl() })
  tally.read(rank, versionOf(value), began, !loaded)
}

async function write(origin, rank) {
  const began = micros()
  const version = await origin.write(keys[rank])
  tally.count('writes')
  try {
    await client.invalidate(keys[rank])
    tally.written(rank, version, began)
  } catch (error) {
    // The write counts as never completed: what it promised to readers could not be carried out.
    lost(error)
  }
}

function lost(error) {
  if (!(error instanceof ringshift.InvalidationLostError)) throw error
  for (const node of error.nodes) tally.event(`lost:${node.cluster}/${node.id}`)
}

function ttl() {
  return config.leastTtl + Math.floor(Math.random() * (config.mostTtl - config.leastTtl + 1))
}

/** Caches every `step`-th entry of the contents that the cache is to start with. */
async function fill(first, step) {
  const origin = new OriginClient(config.origin)
  const entries = readFileSync(config.contents, 'utf8').split('\n').filter(Boolean)
  for (const entry of entries.filter((_, number) => number % step === first)) {
    const [rank, expires] = entry.split(' ').map(Number)
    await client.add(keys[rank], Buffer.from(await origin.fill(keys[rank])), { expires })
  }
  origin.close()
}

function where(fresh) {
  const asked = fresh ? ringshift.Router.open(config.spec) : router
  const lines = asked.routeMany(keys).map((route) => {
    const [read, fallback] = [route.read, route.fallback].map((t) => (t ? `${t.cluster}/${t.node.id}` : '-'))
    return `${read}|${fallback}|${Number(route.moved)}`
  })
  if (fresh) asked.close()
  return lines
}

let counted = {}

/** What the router's own counters have gained since the last report. */
function news(requests) {
  const before = counted
  counted = Object.fromEntries(requests.map((r) => [`router:${r.cluster}:${r.op}:${r.outcome}`, r.count]))
  const gained = Object.entries(counted).map(([name, count]) => [name, count - (before[name] ?? 0)])
  return Object.fromEntries(gained.filter(([, count]) => count > 0))
}

function report() {
  const taken = tally.take(router.generation)
  const { requests, breakers } = router.metrics()
  Object.assign(taken.counts, news(requests))
  const open = breakers.filter(({ state }) => state !== 'closed')
  taken.breakers = Object.fromEntries(open.map(({ cluster, node, state }) => [`${cluster}/${node}`, state]))
  print({ kind: 'report', stage: router.stage, ...taken })
}

function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function obey(command) {
  switch (command.do) {
    case 'hello':
      return print({ kind: 'ready', clock: micros() })
    case 'run':
      serving = true
      for (const go of waiting.splice(0)) go()
      return undefined
    case 'pause':
      serving = false
      while (!tally.idle()) await sleep(5)
      return print({ kind: 'paused' })
    case 'fill':
      await fill(command.first, command.step)
      return print({ kind: 'filled' })
    case 'place':
      return print({ kind: 'placed', lines: where(command.fresh) })
    default:
      throw new Error(`there is no command ${command.do}`)
  }
}

for (let lane = 0; lane < config.lanes; lane++) serve(lane)
setInterval(report, config.reportEvery * 1000)
for await (const line of createInterface({ input: process.stdin })) await obey(JSON.parse(line))
// The end of the input is the worker's end.
process.exit(0)
