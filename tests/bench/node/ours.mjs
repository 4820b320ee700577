// The library: the whole route, without and in the middle of a migration, one by one and in batches.

import { createRequire } from 'node:module'
import { ADDED, makeSpec } from './keys.mjs'
import { BATCH, check, inBatches, oneByOne } from './measure.mjs'

const require = createRequire(import.meta.url)
const { Router } = require('../../../node')
// Built by floor/build.mjs.
const { copyUtf16, copyUtf8 } = require('./floor/floor.node')

// Keys that every way of asking is asked about.
const CHECKED = 20_000

export function floors() {
  return [
    { name: 'floor: function of JavaScript that returns its key', run: oneByOne((key) => key) },
    { name: 'floor: Node-API function that copies the string', run: oneByOne((key) => copyUtf16(key)) },
    { name: 'floor: Node-API function that copies it as UTF-8', run: oneByOne((key) => copyUtf8(key)) },
  ]
}

export function ours(nodes) {
  const router = Router.fromSpec(makeSpec(nodes, false))
  const migrating = Router.fromSpec(makeSpec(nodes, true))
  return [
    {
      name: 'ringshift: route',
      run: oneByOne((key) => router.route(key)),
      owner: ownerIn(router),
      grown: () => ownerIn(Router.fromSpec(makeSpec([...nodes, ADDED], false))),
      isOurs: true,
    },
    { name: 'ringshift: route, migrating', run: oneByOne((key) => migrating.route(key)) },
    { name: `ringshift: routeMany, ${BATCH} keys a call`, run: inBatches((keys) => router.routeMany(keys)) },
    {
      name: `ringshift: indexMany, ${BATCH} strings a call`,
      run: inBatches((keys) => router.indexMany(keys)),
    },
    { name: `ringshift: indexPacked, ${BATCH} keys a call`, prepare: packBatches, run: overPacked(router) },
  ]
}

function overPacked(router) {
  return (batches, count) => {
    let seen
    for (let batch = 0; batch * BATCH < count; batch++) {
      const { bytes, offsets } = batches[batch]
      seen = router.indexPacked(bytes, offsets)
    }
    return seen
  }
}

const packed = new WeakMap()

/** All keys in packed batches, made once. */
function packBatches(keys) {
  if (!packed.has(keys)) {
    const starts = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, batch) => batch * BATCH)
    packed.set(
      keys,
      starts.map((start) => pack(keys.slice(start, start + BATCH))),
    )
  }
  return packed.get(keys)
}

function pack(keys) {
  const offsets = new Uint32Array(keys.length + 1)
  for (const [position, key] of keys.entries())
    offsets[position + 1] = offsets[position] + Buffer.byteLength(key)
  return { bytes: Buffer.from(keys.join('')), offsets }
}

function ownerIn(router) {
  return (key) => router.route(key).read.node.address
}

function indicesOfPacked(router, keys) {
  const { bytes, offsets } = pack(keys)
  return Array.from(router.indexPacked(bytes, offsets))
}

/** Every way of asking for the same keys gives the same node. */
export function checkOurs(nodes, keys) {
  const router = Router.fromSpec(makeSpec(nodes, false))
  const some = keys.slice(0, CHECKED)
  const grouped = new Array(some.length)
  for (const [node, positions] of router.groupByNode(some))
    for (const position of positions) grouped[position] = node
  const ways = {
    bytes: some.map((key) => router.route(Buffer.from(key)).read.node),
    routeMany: router.routeMany(some).map((route) => route.read.node),
    groupByNode: grouped,
    indexMany: Array.from(router.indexMany(some), (index) => router.node(index)),
    indexPacked: indicesOfPacked(router, some).map((index) => router.node(index)),
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
