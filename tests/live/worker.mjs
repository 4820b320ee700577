// A Node process of the fleet: reads a JSON object a line from stdin, answers with one a line.
import { createInterface } from 'node:readline'
import adapter from '../../node/adapters/memjs.js'
import ringshift from '../../node/index.js'

const [, , spec, region] = process.argv
const router = ringshift.Router.open(spec, region ? { region } : {})
const client = new adapter.Client(router, { timeout: 2 })

const names = (target) => (target === null ? [] : target.nodes.map(name))
const name = (node) => `${node.cluster}/${node.id}`

// A route as both languages tell it.
function describe(route) {
  return {
    read: names(route.read),
    fallback: names(route.fallback),
    invalidate: route.invalidate.map(name),
    moved: route.moved,
    stage: route.stage,
  }
}

async function answer(call) {
  switch (call.do) {
    case 'get': {
      const { value } = await client.get(call.key)
      return value === null ? null : value.toString()
    }
    case 'set':
      return client.set(call.key, call.value, { expires: call.expire ?? 0 })
    case 'add':
      return client.add(call.key, call.value, { expires: call.expire ?? 0 })
    case 'delete':
      return client.delete(call.key)
    case 'routes':
      return call.keys.map((key) => describe(router.route(key)))
    case 'refresh':
      return router.refresh()
    case 'generation':
      return router.generation
    default:
      throw new Error(`unknown call ${call.do}`)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply
  try {
    reply = { result: await answer(JSON.parse(line)) }
  } catch (error) {
    if (!(error instanceof ringshift.RingshiftError)) throw error
    reply = { error: error.message, kind: error.kind }
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
client.close()
router.close()
