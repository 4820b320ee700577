// The straight path. Mostly the reply of the first node that a route names is all that there is to do: a hit, or the
// delete of a key that is at one node. So that request is sent with as little around it as can be, and what it brings is
// judged at once. Where there is more to do, reading.js and writing.js go on from this reply, by all the rules.
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { Carrier } from './steps.js'
 * @import { Item, Key, Reply, Tokens } from './steps-types.js'
 */

const reading = require('./reading.js')
const writing = require('./writing.js')

/**
 * Calls, and makes what is thrown a rejection, as an async function would for the price of more promises.
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
function promised(call) {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * Reads one key.
 * @template T
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {(item: Item | null) => T} use makes the caller's result
 * @returns {Promise<T>}
 */
function read(io, route, key, use) {
  const node = route.read?.node
  if (node === undefined) return reading.read(io, route, key).then(use)
  return io.ask(route.fill ? 'seek' : 'get', node, key, undefined, undefined, (reply) => {
    if (reading.isItem(reply)) return use(reply)
    if (reply === null && route.fallback === null) return use(null)
    return reading.read(io, route, key, reply).then(use)
  })
}

/**
 * Reads one key, or takes the tokens to fill it with.
 * @template T
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {(item: Item) => T} hit makes the caller's result
 * @param {(tokens: Tokens) => Promise<T>} miss does so after a miss everywhere
 * @returns {Promise<T>}
 */
function seek(io, route, key, hit, miss) {
  const goOn = async (/** @type {Reply | undefined} */ reply) => {
    const { item, tokens } = await reading.seek(io, route, key, reply)
    return item ? hit(item) : miss(tokens)
  }
  const node = route.read?.node
  if (node === undefined) return goOn(undefined)
  return io.ask('seek', node, key, undefined, undefined, (reply) =>
    reading.isItem(reply) ? hit(reply) : goOn(reply),
  )
}

/**
 * Stores an item where one key is read, and removes it everywhere else.
 * @template T
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {unknown} item null to remove it everywhere
 * @param {(done: boolean) => T} use makes the caller's result, of whether it was stored, or was there to be removed
 * @returns {Promise<T>}
 */
function write(io, route, key, item, use) {
  const how = item === null ? 'delete' : 'set'
  const goOn = async (/** @type {Reply | undefined} */ reply) => {
    const items = item === null ? null : [item]
    const written = await writing.store(io, [route], [key], items, how, reply)
    return use(writing.checked(written).results.get(0) ?? false)
  }
  const node = route.invalidate[0]
  if (node === undefined) return goOn(undefined)
  const what = writing.stepAt(route, node, how)
  return io.ask(what, node, key, item, undefined, (reply) =>
    typeof reply === 'boolean' && route.invalidate.length === 1 && writing.isInForce(io, route)
      ? use(reply && what === how)
      : goOn(reply),
  )
}

exports.promised = promised
exports.read = read
exports.seek = seek
exports.write = write
