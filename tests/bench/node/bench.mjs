// Speed and balance of the Node package beside its peers: one JSON line a subject and number of nodes.
//
// `node bench.mjs NODES...`: tests/bench/run.py runs it and makes the table.

import { createRequire } from 'node:module'
import { makeKeys, makeNodes } from './keys.mjs'
import { measure, show } from './measure.mjs'
import { checkOurs, floors, ours } from './ours.mjs'
import { NAMES, peers } from './peers.mjs'

const require = createRequire(import.meta.url)
const keys = makeKeys(1_000_000)
for (const count of process.argv.slice(2).map(Number)) {
  const nodes = makeNodes(count)
  checkOurs(nodes, keys)
  measure([...floors(), ...ours(nodes), ...peers(nodes)], nodes, keys)
}
const versions = { 'Node.js': process.versions.node }
for (const peer of NAMES) versions[peer] = require(`${peer}/package.json`).version
show({ versions })
