// The library: the whole route, without and in the middle of a migration, one by one and in batches.

import { createRequire } from 'node:module'
import { ADDED, makeSpec } from './keys.mjs'
import { BATCH, batches, check, inBatches, oneByOne } from './measure.mjs'

const require = createRequire(import.meta.url)
const { Router } = require('../../../node')

// Keys that every way of asking is asked about.
const CHECKED = 20_000

export function floors() {
  const copy = require('../../../target/bench/floor.node').floor()
  return [
    { name: 'floor: function of JavaScript that returns its key', run: oneByOne((key) => key) },
    { name: 'floor: Node-API function that copies the string', run: oneByOne((key) => copy(key)) },
  ]
}

export function ours(nodes) {
  const router = Router.fromSpec(makeSpec(nodes, false))
  const migrating = Router.fromSpec(makeSpec(nodes, true))
  const room = new Uint32Array(BATCH)
  return [
    {
      name: 'ringshift: route',
      run: oneByOne((key) => router.route(key)),
      owner: ownerIn(router),
      grown: () => ownerIn(Router.fromSpec(makeSpec([...nodes, ADDED], false))),
      isOurs: true,
    },
    { name: 'ringshift: route, migrating', run: oneByOne((key) => migrating.route(key)) },
    {
      name: `ringshift: indexMany, ${BATCH} strings a call`,
      run: inBatches((keys) => router.indexMany(keys, room)),
    },
    {
      name: `ringshift: indexPacked, ${BATCH} keys a call`,
      prepare: (keys) => batches(keys).map(pack),
      run: inBatches(({ bytes, offsets }) => router.indexPacked(bytes, offsets, room)),
    },
    { name: `ringshift: routeMany, ${BATCH} keys a call`, run: inBatches((keys) => router.routeMany(keys)) },
  ]
}

/** Keys one after the other, and where each begins and the last ends. */
function pack(keys) {
  const parts = keys.map((key) => Buffer.from(key))
  const offsets = new Uint32Array(keys.length + 1)
  parts.forEach((part, position) => {
    offsets[position + 1] = offsets[position] + part.length
  })
  return { bytes: Buffer.concat(parts), offsets }
}

function ownerIn(router) {
  return (key) => router.route(key).read.node.address
}

/** Every way of asking for the same keys gives the same node. */
export function checkOurs(nodes, keys) {
  const router = Router.fromSpec(makeSpec(nodes, false))
  const some = keys.slice(0, CHECKED)
  const grouped = new Array(some.length)
  for (const [node, positions] of router.groupByNode(some))
    for (const position of positions) grouped[position] = node
  const { bytes, offsets } = pack(some)
  const ways = {
    indexMany: Array.from(router.indexMany(some), (index) => router.node(index)),
    indexPacked: Array.from(router.indexPacked(bytes, offsets), (index) => router.node(index)),
    bytes: some.map((key) => router.route(Buffer.from(key)).read.node),
    routeMany: router.routeMany(some).map((route) => route.read.node),
    groupByNode: grouped,
  }
  let detail = `${some.length} keys`
  let ok = true
  some.forEach((key, position) => {
    const expected = router.route(key).read.node
    for (const [way, found] of Object.entries(ways)) {
      if (found[position] === expected) continue
      ok = false
      detail = `${way}: another node for ${key}`
    }
  })
  check(`all ways of asking give the same node, N = ${nodes.length}`, ok, detail)
}
