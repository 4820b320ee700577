// memjs over a router: the same method names, one memjs client for each node, and for every key what its route says.
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { ClientOptions, CountOptions, Found, Key, StoreOptions } from './memjs.js'
 * @import { Item, Tokens } from './steps-types.js'
 */

const { RingshiftError, Router } = require('../index.js')
const { wrongType } = require('../lib/errors.js')
const { checkExpires, clampExpires, secondsOf } = require('./expires.js')
const { checkKey, nameOf } = require('./keys.js')
const { Loads, checkLoad } = require('./loads.js')
const { MemjsIo, count } = require('./memjs-io.js')
const { MemjsNodes } = require('./memjs-nodes.js')
const { checkOptions } = require('./memjs-options.js')
const { add, fill, readMany, touch } = require('./reading.js')
const { whole, wholeRead } = require('./repaying.js')
const { Carrier, Refused } = require('./steps.js')
const straight = require('./straight.js')
const { checked, onlyNode, replace } = require('./writing.js')

// The opcodes under which memjs hands a value to its serializer.
const GET = 0
const SET = 1

class Client {
  #router
  #options
  #nodes
  #io
  /** @type {Loads<Item>} */
  #loads = new Loads()

  /**
   * @param {Router} router
   * @param {ClientOptions} [options]
   */
  constructor(router, options) {
    if (!(router instanceof Router)) throw wrongType('an adapter wants a Router')
    this.#router = router
    this.#options = checkOptions(options)
    this.#nodes = new MemjsNodes(router, this.#options)
    this.#io = new Carrier(router, new MemjsIo(this.#nodes, () => router.maxTtl))
  }

  get router() {
    return this.#router
  }

  /**
   * @param {Key} key
   * @returns {Promise<Found>}
   */
  get(key) {
    return straight.promised(() =>
      straight.read(this.#io, this.#route(key), key, (item) => this.#found(item)),
    )
  }

  /**
   * @template {Key} K
   * @param {Iterable<K>} keys
   */
  async getMany(keys) {
    const distinct = [...new Set(keys)]
    const routes = this.#routes(distinct)
    const items = await wholeRead(this.#io, routes, () => readMany(this.#io, routes, distinct))
    /** @type {Map<K, { value: Buffer, flags: Buffer }>} */
    const values = new Map()
    for (const [position, key] of distinct.entries()) {
      const { value, flags } = this.#found(items[position] ?? null)
      if (value !== null && flags !== null) values.set(key, { value, flags })
    }
    return values
  }

  /**
   * @param {Key} key
   * @param {() => any} load
   * @param {StoreOptions} [options]
   */
  getOrLoad(key, load, options) {
    return straight.promised(() => {
      checkLoad(load)
      const arrived = this.#loads.arrive()
      const route = this.#route(key)
      const expires = this.#expires(options?.expires)
      return straight.seek(
        this.#io,
        route,
        key,
        (item) => this.#found(item).value,
        (tokens) => this.#load(key, load, expires, arrived, tokens),
      )
    })
  }

  /**
   * @param {Key} key
   * @param {() => any} load
   * @param {number} expires
   * @param {number} arrived
   * @param {Tokens} tokens
   */
  async #load(key, load, expires, arrived, tokens) {
    let isOwn = false
    const loaded = await this.#loads.run(
      nameOf(key),
      arrived,
      async () => {
        const value = await load()
        isOwn = true
        return value === null || value === undefined ? null : this.#item(value, expires)
      },
      (filled) => fill(this.#io, tokens, key, filled),
    )
    // Whoever shares a load gets a value of its own.
    return this.#found(loaded && !isOwn ? { ...loaded, value: Buffer.from(loaded.value) } : loaded).value
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  set(key, value, options) {
    return straight.promised(() => {
      const [route, item] = [this.#route(key), this.#stored(value, options)]
      return straight.write(this.#io, route, key, item, (stored) => stored)
    })
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async add(key, value, options) {
    const [route, item] = [this.#route(key), this.#stored(value, options)]
    const reply = await whole(this.#io, () => add(this.#io, route, key, item))
    if (reply instanceof Refused) throw reply.error
    return reply === true
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async replace(key, value, options) {
    const [route, item] = [this.#route(key), this.#stored(value, options)]
    return checked(await whole(this.#io, () => replace(this.#io, route, key, item))).results.get(0) ?? false
  }

  /** @param {Key} key */
  delete(key) {
    return straight.promised(() => straight.write(this.#io, this.#route(key), key, null, (there) => there))
  }

  /** @param {Key} key */
  invalidate(key) {
    return straight.promised(() => straight.write(this.#io, this.#route(key), key, null, () => {}))
  }

  /**
   * @param {Key} key
   * @param {number} expires
   */
  async touch(key, expires) {
    const [route, item] = [this.#route(key), { expires: this.#expires(expires) }]
    return wholeRead(this.#io, [route], () => touch(this.#io, route, key, item))
  }

  /**
   * @param {Key} key
   * @param {number} amount
   * @param {CountOptions} [options]
   */
  async increment(key, amount, options) {
    return this.#count('increment', key, amount, options)
  }

  /**
   * @param {Key} key
   * @param {number} amount
   * @param {CountOptions} [options]
   */
  async decrement(key, amount, options) {
    return this.#count('decrement', key, amount, options)
  }

  quit() {
    this.#nodes.quit()
  }

  close() {
    this.#nodes.close()
  }

  /**
   * @param {'increment' | 'decrement'} command
   * @param {Key} key
   * @param {number} amount
   * @param {CountOptions} [options]
   */
  async #count(command, key, amount, options) {
    const node = onlyNode(command, this.#route(key))
    const expires = this.#expires(options?.expires)
    return this.#io.record(node, () =>
      count(this.#nodes, node, key, command, amount, { ...options, expires }),
    )
  }

  /**
   * To be asked behind the route, which may be the first of another generation.
   * @param {number | undefined} expires
   */
  #expires(expires) {
    return clampExpires(checkExpires(expires || this.#options.expires), this.#nodes.maxTtl)
  }

  /**
   * What memjs is given to store.
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  #stored(value, options) {
    if (!this.#options.serializer) checkValue(value)
    return { value, expires: this.#expires(options?.expires) }
  }

  /**
   * What memjs would make of a value.
   * @param {any} value
   * @param {number} expires
   * @returns {Item}
   */
  #item(value, expires) {
    const ttl = secondsOf(expires)
    const { serializer } = this.#options
    if (!serializer) {
      checkValue(value)
      return { value: Buffer.from(value), flags: Buffer.alloc(4), ttl }
    }
    const made = serializer.serialize(SET, value, Buffer.alloc(8))
    return { value: Buffer.from(made.value), flags: made.extras.subarray(0, 4), ttl }
  }

  /**
   * What a caller gets of an item.
   * @param {Item | null} item
   * @returns {Found}
   */
  #found(item) {
    if (item === null) return { value: null, flags: null }
    const flags = item.flags ?? Buffer.alloc(4)
    const { serializer } = this.#options
    if (!serializer) return { value: item.value, flags }
    // Not by memjs itself: it would do so within a socket's event, where an error ends the process.
    const { value, extras } = serializer.deserialize(GET, item.value, flags)
    return { value, flags: extras }
  }

  /**
   * @param {Key} key
   * @returns {Route}
   */
  #route(key) {
    this.#checkOpen()
    const route = this.#router.route(key)
    checkKey(route, key)
    this.#nodes.adopt(route.generation)
    return route
  }

  /**
   * @param {readonly Key[]} keys
   * @returns {Route[]}
   */
  #routes(keys) {
    this.#checkOpen()
    const routes = this.#router.routeMany(keys)
    for (const [at, route] of routes.entries()) checkKey(route, /** @type {Key} */ (keys[at]))
    if (routes[0]) this.#nodes.adopt(routes[0].generation)
    return routes
  }

  #checkOpen() {
    if (this.#nodes.closed) throw new RingshiftError({ kind: 'closed', message: 'the client was closed' })
  }
}

/**
 * Before anything is sent: a value that can't be stored must not remove the one that is.
 * @param {unknown} value
 */
function checkValue(value) {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) throw wrongType('a value is a string or a Buffer')
}

exports.Client = Client
