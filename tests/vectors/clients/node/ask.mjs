// Prints where an npm client puts keys: `node ask.mjs hashring` or `node ask.mjs memcached`.
//
// The lines that it reads and writes are those of golden_file.py. No server runs and nothing is sent.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

// hashring is told of addresses or of the aliases; memcached of addresses, as it would be in an application, and then
// does what each of its commands does: with one server it asks no ring.
const clients = {
  hashring(weights, down) {
    const HashRing = require('hashring')
    const ring = new HashRing(weights)
    for (const server of down) ring.remove(server)
    return (key) => ring.get(key)
  },
  memcached(weights, down) {
    const Memcached = require('memcached')
    const client = new Memcached(weights)
    // What the client does itself to a server that stays dead, with its option `remove`.
    for (const server of down) client.HashRing.remove(server)
    return (key) => (client.servers.length === 1 ? client.servers[0] : client.HashRing.get(key))
  },
}

function address(host, port) {
  if (host.startsWith('/')) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const name = process.argv[2]
const weights = {}
const keys = []
const down = []
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [what, first, port, weight, alias] = line.split(' ')
  if (what === 'server') weights[alias === '-' ? address(first, port) : alias] = Number(weight)
  else if (what === 'down') down.push(Number(first))
  else if (what === 'key') keys.push(Buffer.from(first, 'hex').toString('utf8'))
  else throw new Error(`neither a server nor a key: ${line}`)
}
const servers = Object.keys(weights)
const pick = clients[name](
  weights,
  down.map((place) => servers[place]),
)
const { version } = require(`${name}/package.json`)
console.log([version, ...keys.map((key) => servers.indexOf(pick(key)))].join('\n'))
