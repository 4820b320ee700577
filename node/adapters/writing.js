// How a route is carried out: invalidating and storing. The rules and their reasons are in docs/migration.md. In short:
// `invalidate` is gone through in order, and a node is sent its request when all before it have acknowledged; one that
// does not makes the invalidation lost, which the caller is told, and those behind it are sent theirs all the same; and if
// the generation has changed when a writer is done, it sends its deletes again to the nodes of both.
'use strict'

/**
 * @import { Node, Route } from '../index.js'
 * @import { Carrier } from './steps.js'
 * @import { Do, Key, Reply, Written } from './steps-types.js'
 */

const { isClosed } = require('./closed.js')
const { read } = require('./reading.js')
const { InvalidationLostError, RingshiftError } = require('../index.js')
const { Failure, Refused } = require('./steps.js')

/**
 * Removes keys everywhere.
 * @param {Carrier} io
 * @param {readonly Route[]} routes
 * @param {readonly Key[]} keys
 */
function invalidate(io, routes, keys) {
  return store(io, routes, keys, null, 'delete')
}

/**
 * Stores an item if there is one already: reads first, and only invalidates after a miss.
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {unknown} item
 */
async function replace(io, route, key, item) {
  if ((await read(io, route, key)) !== null) return store(io, [route], [key], [item], 'replace')
  const written = await invalidate(io, [route], [key])
  written.results.set(0, false)
  return written
}

/**
 * Stores items at the nodes that are read, and removes them everywhere else.
 * @param {Carrier} io
 * @param {readonly Route[]} first
 * @param {readonly Key[]} keys
 * @param {readonly unknown[] | null} items null to remove them everywhere
 * @param {'set' | 'replace' | 'delete'} how
 * @param {Reply} [reply] for a single key, of the first node, if that was sent its request already
 * @returns {Promise<Written>}
 */
async function store(io, first, keys, items, how, reply) {
  /** @type {Written} */
  const written = { results: new Map(), lost: [], refused: undefined }
  await write(
    io,
    written,
    first.map((route) =>
      route.invalidate.map((node) => ({ what: stepAt(route, node, items === null ? 'delete' : how), node })),
    ),
    keys,
    items,
    reply,
  )
  // It ends: specs change seldom. Routes are not asked for in vain, since one may be a breaker's only probe.
  let routes = first
  for (let now = renew(io, routes, keys); now !== null; now = renew(io, routes, keys)) {
    const union = routes.map((route, at) => unionOf(route, /** @type {Route} */ (now?.[at])))
    await write(io, { ...written, results: new Map() }, union, keys, null)
    routes = now
  }
  return written
}

/**
 * The routes of another generation, if there is one.
 * @param {Carrier} io
 * @param {readonly Route[]} routes
 * @param {readonly Key[]} keys
 */
function renew(io, routes, keys) {
  const [route] = routes
  if (route === undefined || isInForce(io, route)) return null
  try {
    return io.router.routeMany([...keys])
  } catch (error) {
    if (isClosed(error)) return null
    throw error
  }
}

/**
 * Whether a route's generation is still the one by which everybody goes.
 * @param {Carrier} io
 * @param {Route} route
 */
function isInForce(io, route) {
  try {
    return io.router.generation === route.generation
  } catch (error) {
    // A write that is under way when the router is closed has nothing to be repeated for. A client that was closed can't
    // repeat it: that is lost.
    if (isClosed(error)) return true
    throw error
  }
}

/**
 * Each key's requests one after the other, those of different keys at the same time.
 * @param {Carrier} io
 * @param {Written} written
 * @param {readonly (readonly { what: Do, node: Node }[])[]} turns
 * @param {readonly Key[]} keys
 * @param {readonly unknown[] | null} items
 * @param {Reply} [reply] for a single key, of the first node
 */
async function write(io, written, turns, keys, items, reply) {
  const [key] = keys
  if (keys.length === 1 && key !== undefined) return writeOne(io, written, turns[0] ?? [], key, items, reply)
  const longest = Math.max(0, ...turns.map((turn) => turn.length))
  for (let turn = 0; turn < longest; turn++) {
    /** @type {Map<string, { what: Do, node: Node, positions: number[] }>} */
    const groups = new Map()
    for (const [at, order] of turns.entries()) {
      const next = order[turn]
      if (next === undefined) continue
      const name = `${next.what} ${next.node.index}`
      const group = groups.get(name)
      if (group) group.positions.push(at)
      else groups.set(name, { ...next, positions: [at] })
    }
    await Promise.all([...groups.values()].map((group) => writeGroup(io, written, group, keys, items)))
  }
}

/**
 * The same for one key, where nothing has to be grouped.
 * @param {Carrier} io
 * @param {Written} written
 * @param {readonly { what: Do, node: Node }[]} order
 * @param {Key} key
 * @param {readonly unknown[] | null} items
 * @param {Reply} [first] of the first node
 */
async function writeOne(io, written, order, key, items, first) {
  for (const [at, { what, node }] of order.entries()) {
    const isKnown = at === 0 && first !== undefined
    const reply = isKnown ? first : await io.one(what, node, key, items?.[0])
    if (note(written, what, node, 0, key, reply, items === null)) {
      lose(written, node, key, await io.one('delete', node, key))
    }
  }
}

/**
 * @param {Carrier} io
 * @param {Written} written
 * @param {{ what: Do, node: Node, positions: number[] }} group
 * @param {readonly Key[]} keys
 * @param {readonly unknown[] | null} items
 */
async function writeGroup(io, written, { what, node, positions }, keys, items) {
  const of = positions.map((at) => /** @type {Key} */ (keys[at]))
  const stored = what === 'delete' ? undefined : positions.map((at) => items?.[at])
  const replies = await io.send({ do: what, node, keys: of, items: stored })
  const refused = of.filter((key, i) =>
    note(written, what, node, /** @type {number} */ (positions[i]), key, replies[i], items === null),
  )
  if (refused.length === 0) return
  const removed = await io.send({ do: 'delete', node, keys: refused })
  for (const [i, key] of refused.entries()) lose(written, node, key, removed[i])
}

/**
 * Notes a reply. True if the node refused: nothing was stored there, but what was there before must go.
 * @param {Written} written
 * @param {Do} what
 * @param {Node} node
 * @param {number} at the key's position
 * @param {Key} key
 * @param {Reply | undefined} reply
 * @param {boolean} removes whether nothing is stored anywhere
 */
function note(written, what, node, at, key, reply, removes) {
  if (reply instanceof Refused) {
    written.refused ??= reply.error
    return true
  }
  if (lose(written, node, key, reply)) return false
  const { results } = written
  if (what !== 'delete') results.set(at, results.get(at) ?? reply === true)
  else if (removes) results.set(at, results.get(at) || reply === true)
  return false
}

/**
 * Notes that a node did not acknowledge, if so.
 * @param {Written} written
 * @param {Node} node
 * @param {Key} key
 * @param {Reply | undefined} reply
 */
function lose(written, node, key, reply) {
  if (!(reply instanceof Failure)) return false
  written.lost.push({ node, key, error: reply.error })
  return true
}

/**
 * Throws what went wrong, the worst first; else gives what was written.
 * @param {Written} written
 */
function checked(written) {
  if (written.lost.length > 0) throw new InvalidationLostError(written.lost)
  if (written.refused) throw written.refused
  return written
}

/**
 * Equal for nodes at which a key is the same entry of the same server, though they may belong to two clusters.
 * @param {Node} node
 */
function place(node) {
  return `${node.keyPrefix} ${node.address}`
}

/**
 * What a node of a route is asked to do.
 * @param {Route} route
 * @param {Node} node
 * @param {'set' | 'replace' | 'delete'} how where the key is read
 * @returns {Do}
 */
function stepAt(route, node, how) {
  return isRead(route, node) ? how : 'delete'
}

/**
 * @param {Route} route
 * @param {Node} node
 */
function isRead(route, node) {
  if (route.read?.node === node) return true
  return route.read?.nodes.some((read) => place(read) === place(node)) ?? false
}

/**
 * @param {Route} old
 * @param {Route} now
 */
function unionOf(old, now) {
  const nodes = new Map([...old.invalidate, ...now.invalidate].map((node) => [place(node), node]))
  return [...nodes.values()].map((node) => ({ what: /** @type {Do} */ ('delete'), node }))
}

/**
 * The only node that holds a key, whoever asks: there the cache may be the record.
 * @param {string} command
 * @param {Route} route
 * @returns {Node}
 */
function onlyNode(command, route) {
  const [node, ...more] = route.invalidate
  if (node !== undefined && more.length === 0) return node
  throw new RingshiftError({
    kind: 'invalid_argument',
    message:
      `${command} is refused while a key may be on several nodes (stage ${route.stage}): it would be counted ` +
      'on one of them only. Keep counters and locks on a cluster that is not being migrated',
  })
}

exports.checked = checked
exports.invalidate = invalidate
exports.isInForce = isInForce
exports.onlyNode = onlyNode
exports.replace = replace
exports.stepAt = stepAt
exports.store = store
