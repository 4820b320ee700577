// A Node process of a test's fleet; README.md says what it is told and what it answers.
import { createInterface } from 'node:readline'
import ringshift from '../../node/index.js'
import { FACADES } from './facades.mjs'
import { Origin } from './origin.mjs'
import { Run } from './runs.mjs'

const [, , spec, client, region, where] = process.argv
const router = ringshift.Router.open(spec, region ? { region } : {})
const facade = FACADES[client](router, Number(process.env.TIMEOUT_MS ?? 500))
const origin = where ? new Origin(where) : undefined
let run

const names = (target) => (target === null ? [] : target.nodes.map(name))
const name = (node) => `${node.cluster}/${node.id}`

// A route as all languages tell it.
function describe(route) {
  return {
    read: names(route.read),
    fallback: names(route.fallback),
    invalidate: route.invalidate.map(name),
    moved: route.moved,
    stage: route.stage,
  }
}

// The names of fields as the other languages have them.
function snakeCase(value) {
  if (Array.isArray(value)) return value.map(snakeCase)
  if (value === null || typeof value !== 'object') return value
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [snake(name), snakeCase(of)]))
}

const bytes = (text) => Buffer.from(text ?? '', 'latin1')
const text = (value) => (value === null ? null : value.toString('latin1'))

async function carryOut(call) {
  const key = bytes(call.key)
  switch (call.do) {
    case 'get':
      return text(await facade.get(key))
    case 'get_many':
      return (await facade.getMany(call.keys.map(bytes))).map(text)
    case 'set':
    case 'add':
    case 'replace':
      return facade.store(call.do, key, bytes(call.value), call.expire ?? 0)
    case 'touch':
      return facade.touch(key, call.expire)
    case 'delete':
      return facade.delete(key)
    case 'invalidate':
      await facade.invalidate(key)
      return null
    case 'incr':
      return facade.incr(key, call.amount)
    case 'get_or_load':
      return text(await facade.getOrLoad(key, () => origin.load(key), call.expire ?? 0))
    case 'together':
      return Promise.all(call.calls.map(answer))
    case 'routes':
      return call.keys.map((one) => describe(router.route(bytes(one))))
    case 'refresh':
      return router.refresh()
    case 'generation':
      return router.generation
    case 'metrics':
      return snakeCase(router.metrics())
    case 'events':
      return router.events()
    case 'start':
      run = new Run(facade, origin, call)
      return null
    case 'stop':
      return run.stop()
    case 'run':
      return new Run(facade, origin, call).finish()
    default:
      throw new Error(`unknown call ${call.do}`)
  }
}

async function answer(call) {
  try {
    return { result: (await carryOut(call)) ?? null }
  } catch (error) {
    if (error instanceof ringshift.InvalidationLostError) {
      const lost = error.lost.map((one) => [one.node.cluster, one.node.id, one.key.toString('latin1')])
      return { error: error.message, kind: error.kind, lost }
    }
    if (error instanceof ringshift.RingshiftError) return { error: error.message, kind: error.kind }
    return { error: `${error.name}: ${error.message}`, kind: 'client' }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
}
// Whatever still runs is not waited for.
process.exit(0)
