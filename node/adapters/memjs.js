// memjs over a router: the same method names, one memjs client for each node, and for every key what its route says.
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { ClientOptions, CountOptions, Found, Key, StoreOptions } from './memjs.js'
 * @import { Writer } from './steps-types.js'
 */

const { InvalidationLostError, RingshiftError, Router } = require('../index.js')
const { wrongType } = require('../lib/errors.js')
const { isClosed } = require('./closed.js')
const { clampExpires } = require('./expires.js')
const { checkKey } = require('./keys.js')
const { MemjsIo } = require('./memjs-io.js')
const { MemjsNodes } = require('./memjs-nodes.js')
const { checkOptions } = require('./memjs-options.js')
const { fill, isSingle, read, write } = require('./steps.js')

// The opcode under which memjs hands a value to its serializer.
const GET = 0

class Client {
  #router
  #options
  #nodes

  /**
   * @param {Router} router
   * @param {ClientOptions} [options]
   */
  constructor(router, options) {
    if (!(router instanceof Router)) throw wrongType('an adapter wants a Router')
    this.#router = router
    this.#options = checkOptions(options)
    this.#nodes = new MemjsNodes(router, this.#options)
  }

  get router() {
    return this.#router
  }

  /**
   * @param {Key} key
   * @returns {Promise<Found>}
   */
  async get(key) {
    const found = await read(this.#route(key), this.#io(key))
    if (found === null) return { value: null, flags: null }
    const { serializer } = this.#options
    if (!serializer) return { value: found.value, flags: found.flags }
    // Not by memjs itself: it would do so within a socket's event, where an error ends the process.
    const { value, extras } = serializer.deserialize(GET, found.value, found.flags)
    return { value, flags: extras }
  }

  /**
   * @template {Key} K
   * @param {Iterable<K>} keys
   */
  async getMany(keys) {
    const distinct = [...new Set(keys)]
    const found = await Promise.all(distinct.map((key) => this.get(key)))
    /** @type {Map<K, { value: Buffer, flags: Buffer }>} */
    const values = new Map()
    for (const [position, key] of distinct.entries()) {
      const { value = null, flags = null } = found[position] ?? {}
      if (value !== null && flags !== null) values.set(key, { value, flags })
    }
    return values
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async set(key, value, options) {
    return this.#store('set', this.#route(key), key, value, options)
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async add(key, value, options) {
    const route = this.#route(key)
    if (!this.#options.serializer) checkValue(value)
    return fill(route, this.#io(key).storing('add', value, this.#expires(options?.expires)))
  }

  /**
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async replace(key, value, options) {
    const route = this.#route(key)
    // Copies what is only at the fallback, so that it can be replaced.
    if (route.fallback !== null && (await read(route, this.#io(key))) === null) return false
    return this.#store('replace', route, key, value, options)
  }

  /** @param {Key} key */
  async delete(key) {
    return (await this.#write(this.#route(key), key, this.#io(key))).removed
  }

  /**
   * @param {Key} key
   * @param {number} expires
   */
  async touch(key, expires) {
    const route = this.#route(key)
    const io = this.#io(key)
    const clamped = this.#expires(expires)
    const results = []
    for (const node of route.invalidate) {
      results.push(await io.touch(node, clamped).catch((/** @type {Error} */ error) => error))
    }
    const failure = results.find((result) => result instanceof Error)
    if (failure) throw failure
    return results.includes(true)
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
   * @param {'set' | 'replace'} command
   * @param {Route} route
   * @param {Key} key
   * @param {string | Buffer} value
   * @param {StoreOptions} [options]
   */
  async #store(command, route, key, value, options) {
    const io = this.#io(key)
    const expires = this.#expires(options?.expires)
    if (!this.#options.serializer) checkValue(value)
    return (await this.#write(route, key, io.storing(command, value, expires))).stored
  }

  /**
   * @param {Route} first
   * @param {Key} key
   * @param {Writer} writer
   */
  async #write(first, key, writer) {
    const renew = (/** @type {Route} */ route) => {
      if (this.#nodes.closed) return route
      try {
        // A route is only asked for to be carried out: it may be the one that probes a node.
        return this.#router.generation === route.generation ? route : this.#router.route(key)
      } catch (error) {
        // A write that is under way when the router is closed has nothing to be repeated for.
        if (isClosed(error)) return route
        throw error
      }
    }
    const written = await write(first, renew, writer)
    if (written.lost.length > 0) throw new InvalidationLostError(key, written.lost)
    if (written.refused) throw written.refused
    return written
  }

  /**
   * @param {'increment' | 'decrement'} command
   * @param {Key} key
   * @param {number} amount
   * @param {CountOptions} [options]
   */
  async #count(command, key, amount, options) {
    const route = this.#route(key)
    const [node] = route.invalidate
    if (node === undefined || !isSingle(route)) {
      throw new RingshiftError({
        kind: 'invalid_argument',
        message:
          `${command} is refused while a key may be on several nodes (stage ${route.stage}): it would be counted ` +
          'on one of them only. Keep counters and locks on a cluster that is not being migrated',
      })
    }
    return this.#io(key).count(node, command, amount, {
      ...options,
      expires: this.#expires(options?.expires),
    })
  }

  /** @param {number | undefined} expires */
  #expires(expires) {
    return clampExpires(expires || this.#options.expires, this.#router.maxTtl)
  }

  /**
   * @param {Key} key
   * @returns {Route}
   */
  #route(key) {
    if (this.#nodes.closed) throw new RingshiftError({ kind: 'closed', message: 'the client was closed' })
    const route = this.#router.route(key)
    checkKey(key)
    this.#nodes.adopt(route.generation)
    return route
  }

  /** @param {Key} key */
  #io(key) {
    return new MemjsIo(this.#router, this.#nodes, key)
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
