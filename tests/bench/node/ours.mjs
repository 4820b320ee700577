// The library: the whole route, without and in the middle of a migration, one by one and in batches.

import { createRequire } from 'node:module'
import { ADDED, makeSpec } from './keys.mjs'
import { BATCH, check, inBatches, oneByOne } from './measure.mjs'

const { Router } = createRequire(import.meta.url)('../../../node')

// Keys that every way of asking is asked about.
const CHECKED = 20_000

export function floors() {
  return [{ name: 'floor: function of JavaScript that returns its key', run: oneByOne((key) => key) }]
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
  ]
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
  const ways = {
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
