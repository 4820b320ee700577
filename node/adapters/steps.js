// The steps that a route stands for, apart from the client that carries them out. The rules:
//
// - Read asks the nodes of `read` in order until one answers: a node that fails is passed over, a miss is an
//   answer. After a miss, or if none answered, `fallback` is asked in the same way. If none answers there either,
//   it is a miss: a cache that fails is a cache that is empty.
// - Copy: what is found at the fallback goes to the nodes of `read` that didn't fail just now, with the time that
//   it has left, and never over a value that is there. The reader waits for it: a copy still under way when the
//   caller goes on could land after an invalidation by the same caller.
// - Invalidate sends to each node of `invalidate` when all before it have acknowledged: while copying, a value
//   that is removed at the destination first can be copied there again from the source. A node that doesn't
//   acknowledge makes the invalidation lost. Those behind it are sent theirs all the same, which leaves less that
//   is old.
// - Fill stores what was loaded where the key is read, if nothing is stored there, and nowhere else.
// - Store is an invalidation in which the nodes of `read` get the new value and all others a delete.
// - Union: when the generation has changed by the time that a writer is done, other processes may read by the new
//   one already, so it sends its deletes again, to the nodes of both.
'use strict'

/**
 * @import { Node, Route } from '../index.js'
 * @import { Reader, Writer, Written } from './steps-types.js'
 */

/** The node is alive and said no: the old value can still be removed from it. */
class Refusal extends Error {
  /** @param {Error} cause what the caller gets */
  constructor(cause) {
    super(cause.message, { cause })
  }
}

/**
 * Equal for nodes at which a key is the same entry of the same server, though they may belong to two clusters.
 * @param {Node} node
 */
function place(node) {
  return `${node.keyPrefix} ${node.address}`
}

/**
 * @param {Route} route
 * @param {Node} node
 */
function isRead(route, node) {
  return route.read?.nodes.some((read) => place(read) === place(node)) ?? false
}

/**
 * What the route finds for its key.
 * @template Found
 * @param {Route} route
 * @param {Reader<Found>} reader
 * @returns {Promise<Found | null>}
 */
async function read(route, reader) {
  /** @type {Set<Node>} */
  const failed = new Set()
  for (const node of route.read?.nodes ?? []) {
    const found = await reader.read(node)
    if (found) return found
    if (found === null) break
    failed.add(node)
  }
  for (const node of route.fallback?.nodes ?? []) {
    const found = await (route.fill ? reader.readToCopy(node) : reader.read(node))
    if (found === undefined) continue
    if (found !== null && route.fill) {
      for (const to of route.read?.nodes ?? []) if (!failed.has(to)) await reader.fill(to, found)
    }
    return found
  }
  return null
}

/**
 * Fills: stores at every node that is read and nowhere else. A node that fails is passed over: what was not filled is
 * a miss.
 * @param {Route} route
 * @param {Writer} writer
 * @returns {Promise<boolean>} what the first node that answers says
 */
async function fill(route, writer) {
  /** @type {boolean | undefined} */
  let stored
  for (const node of route.read?.nodes ?? []) {
    try {
      const result = await writer.store?.(node, true)
      stored ??= result
    } catch (error) {
      if (error instanceof Refusal) throw error.cause
    }
  }
  return stored ?? false
}

/**
 * Writes by the route, and again if the generation changes meanwhile. With `store` it stores, without it
 * invalidates.
 * @param {Route} first
 * @param {(route: Route) => Route} renew gives another route if the generation has changed, else the same
 * @param {Writer} writer
 * @returns {Promise<Written>}
 */
async function write(first, renew, writer) {
  /** @type {Written} */
  const written = { stored: false, removed: false, lost: [], refused: undefined }
  let route = first
  for (const node of route.invalidate) {
    if (!writer.store || !isRead(route, node)) await remove(node, writer, written)
    else if (!(await store(node, writer, writer.store, written))) return written
  }
  // It ends: specs change seldom.
  for (let now = renew(route); now !== route; now = renew(route)) {
    const nodes = new Map([...route.invalidate, ...now.invalidate].map((node) => [place(node), node]))
    for (const node of nodes.values()) await remove(node, writer, written)
    route = now
  }
  return written
}

/**
 * @param {Node} node
 * @param {Writer} writer
 * @param {Written} written
 */
async function remove(node, writer, written) {
  try {
    written.removed = (await writer.remove(node)) || written.removed
  } catch (error) {
    written.lost.push({ node, error: asError(error) })
  }
}

/**
 * Stores at one node; false if there the condition of a replace doesn't hold, so that the value stays.
 * @param {Node} node
 * @param {Writer} writer
 * @param {NonNullable<Writer['store']>} how
 * @param {Written} written
 */
async function store(node, writer, how, written) {
  try {
    // Of several replicas, the first decides.
    const stored = await how(node, !written.stored)
    written.stored ||= stored
    return stored
  } catch (error) {
    if (error instanceof Refusal) {
      written.refused ??= asError(error.cause)
      await remove(node, writer, written)
    } else {
      written.lost.push({ node, error: asError(error) })
    }
    return true
  }
}

/** @param {unknown} error */
function asError(error) {
  return error instanceof Error ? error : new Error(String(error))
}

/**
 * Whether the key is in one place only, for all processes.
 * @param {Route} route
 */
function isSingle(route) {
  const [node, ...more] = route.invalidate
  return node !== undefined && more.length === 0 && isRead(route, node)
}

exports.Refusal = Refusal
exports.fill = fill
exports.isSingle = isSingle
exports.read = read
exports.write = write
