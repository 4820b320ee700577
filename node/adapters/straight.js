// The straight path. Mostly the reply of the first node that a route names is all that there is to do: a hit, or the
// delete of a key that is at one node. So that request is sent with as little around it as can be, and what it brings is
// judged at once. Where there is more to do, reading.js and writing.js go on from this reply, by all the rules; and where a
// node that has answered is owed something, repaying.js.
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { Carrier } from './steps.js'
 * @import { Item, Key, Reply, Tokens } from './steps-types.js'
 */

const reading = require('./reading.js')
const { whole, wholeRead } = require('./repaying.js')
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
  const goOn = async (/** @type {Reply | undefined} */ reply) =>
    use(await reading.read(io, route, key, reply))
  if (node === undefined) return wholeRead(io, [route], () => goOn(undefined))
  return io.ask(route.fill ? 'seek' : 'get', node, key, undefined, undefined, (reply) => {
    if (reading.isItem(reply)) return ended(io, reply, use)
    if (reply === null && route.fallback === null) return ended(io, null, use)
    return whole(io, () => goOn(reply))
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
  if (node === undefined) return wholeRead(io, [route], () => goOn(undefined))
  return io.ask('seek', node, key, undefined, undefined, (reply) =>
    reading.isItem(reply) ? ended(io, reply, hit) : whole(io, () => goOn(reply)),
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
  if (node === undefined) return whole(io, () => goOn(undefined))
  const what = writing.stepAt(route, node, how)
  return io.ask(what, node, key, item, undefined, (reply) =>
    typeof reply === 'boolean' && route.invalidate.length === 1 && writing.isInForce(io, route)
      ? ended(io, reply && what === how, use)
      : whole(io, () => goOn(reply)),
  )
}

/**
 * What a caller gets of an operation that the first reply has ended.
 * @template A
 * @template T
 * @param {Carrier} io
 * @param {A} reply
 * @param {(reply: A) => T} use
 * @returns {T | Promise<T>}
 */
function ended(io, reply, use) {
  return io.owed.length === 0 ? use(reply) : whole(io, async () => use(reply))
}

exports.promised = promised
exports.read = read
exports.seek = seek
exports.write = write
