// A Node process that watches a spec file; ../README.md says what it is told and what it answers.
import { createInterface } from 'node:readline'
import ringshift from '../../../node/index.js'

const KEYS = Array.from({ length: 16 }, (_, number) => `key:${number}`)

const [, , path, interval] = process.argv
const router = ringshift.Router.open(path, { watch: Number(interval) })
const reader = { routed: 0, wrong: 0, last: 0 }

// Routes between the timer's calls, as a server does.
function read() {
  for (const key of KEYS) {
    const { generation, read } = router.route(key)
    if (!read?.node.id.startsWith(`g${generation}-`) || generation < reader.last) reader.wrong += 1
    reader.last = generation
  }
  reader.routed += KEYS.length
  setImmediate(read)
}
read()

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { reloads } = router.metrics()
  const answer = {
    generation: router.generation,
    routed: reader.routed,
    wrong: reader.wrong,
    reloads: Object.fromEntries(Object.entries(reloads).map(([name, value]) => [snakeCase(name), value])),
    events: router.events(Number(line)),
  }
  console.log(JSON.stringify(answer))
})
lines.on('close', () => process.exit(0))

function snakeCase(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
