// How a route is carried out: invalidations that were lost, sent again. A node that did not acknowledge one may come back with
// what it held before. Until it was sent again, and acknowledged, the router's routes don't read the key there. When that is:
// docs/migration.md, "Owed".
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { Owed } from './steps-types.js'
 */

const { isClosed } = require('./closed.js')
const { nameOf } = require('./keys.js')
const { Carrier } = require('./steps.js')
const { invalidate } = require('./writing.js')

/**
 * Carries out an operation, and sends again what was found to be owed by the time it has ended, however it did. The caller
 * is told nothing of that but waits for it: so a process that is busy does not pile it up.
 * @template T
 * @param {Carrier} io
 * @param {() => Promise<T>} operation
 * @returns {Promise<T>}
 */
async function whole(io, operation) {
  try {
    return await operation()
  } finally {
    if (io.owed.length > 0) await repay(io, io.owed.splice(0))
  }
}

/**
 * The same for an operation that reads. If it has nowhere to read for one of its keys, perhaps that is for what is owed, and
 * nobody else comes by: so that is sent first.
 * @template T
 * @param {Carrier} io
 * @param {readonly Route[]} routes
 * @param {() => Promise<T>} operation
 * @returns {Promise<T>}
 */
async function wholeRead(io, routes, operation) {
  const unread = routes.filter((route) => route.read === null)
  if (unread.length > 0) {
    const nodes = new Set(unread.flatMap((route) => route.invalidate))
    // What is owed to nodes that are read for other keys is asked for when they have answered.
    for (const { read } of routes) if (read !== null) nodes.delete(read.node)
    await whole(io, async () => {
      for (const node of nodes) io.collect(node)
    })
  }
  return whole(io, operation)
}

/**
 * Removes keys everywhere, and tells the router of those for which every node acknowledged that. What fails stays owed.
 * @param {Carrier} io
 * @param {readonly Owed[]} owed
 */
async function repay({ router, transport }, owed) {
  if (transport.closed) return
  // A key that was given out twice has the number of its last loss.
  const last = new Map(owed.map((each) => [nameOf(each.key), each]))
  const keys = [...last.values()].map(({ key }) => key)
  try {
    // What its own steps find to be owed is left to the next operation.
    const { lost } = await invalidate(new Carrier(router, transport, false), router.routeMany(keys), keys)
    for (const { key } of lost) last.delete(nameOf(key))
    for (const { key, loss } of last.values()) router.repaid(key, loss)
  } catch (error) {
    // A router that was closed meanwhile owes nobody any more.
    if (!isClosed(error)) throw error
  }
}

exports.whole = whole
exports.wholeRead = wholeRead
