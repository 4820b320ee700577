// ioredis over a router: the same method names, one ioredis client for each node, and for every key what its route says.
'use strict'

/**
 * @import { Route } from '../index.js'
 * @import { Key, LoadOptions, Value } from './ioredis.js'
 * @import { RedisOptions } from 'ioredis'
 * @import { Item, Tokens } from './steps-types.js'
 */

const { Router } = require('../index.js')
const { wrongType } = require('../lib/errors.js')
const { IoredisIo } = require('./ioredis-io.js')
const { IoredisNodes } = require('./ioredis-nodes.js')
const { checkNoMore, setOptions, ttlOf } = require('./ioredis-options.js')
const { bytes, okOf, sendable, text, textIn, valueIn } = require('./ioredis-values.js')
const { nameOf, wireKey } = require('./keys.js')
const { Loads, checkLoad } = require('./loads.js')
const { add, fill, readMany, take, touch } = require('./reading.js')
const { whole, wholeRead } = require('./repaying.js')
const { Carrier, Refused } = require('./steps.js')
const straight = require('./straight.js')
const { checked, invalidate, onlyNode, replace } = require('./writing.js')

class Redis {
  #router
  #nodes
  #transport
  #io
  /** @type {Loads<Item>} */
  #loads = new Loads()

  /**
   * @param {Router} router
   * @param {RedisOptions} [options]
   */
  constructor(router, options) {
    if (!(router instanceof Router)) throw wrongType('an adapter wants a Router')
    this.#router = router
    this.#nodes = new IoredisNodes(router, options)
    this.#transport = new IoredisIo(this.#nodes, () => router.maxTtl)
    this.#io = new Carrier(router, this.#transport)
  }

  get router() {
    return this.#router
  }

  /** @param {Key} key */
  getBuffer(key) {
    return straight.promised(() => straight.read(this.#io, this.#route(key), key, valueIn))
  }

  /** @param {Key} key */
  get(key) {
    return straight.promised(() => straight.read(this.#io, this.#route(key), key, textIn))
  }

  /** @param {...(Key | Key[])} keys */
  async mgetBuffer(...keys) {
    const all = keys.flat()
    const routes = this.#routes(all)
    const items = await wholeRead(this.#io, routes, () => readMany(this.#io, routes, all))
    return items.map((item) => item?.value ?? null)
  }

  /** @param {...(Key | Key[])} keys */
  async mget(...keys) {
    return (await this.mgetBuffer(...keys)).map(text)
  }

  /** @param {...(Key | Key[])} keys */
  async exists(...keys) {
    return (await this.mgetBuffer(...keys)).filter((value) => value !== null).length
  }

  /** @param {Key} key */
  async pttl(key) {
    const route = this.#route(key)
    const item = await wholeRead(this.#io, [route], () => take(this.#io, route, key))
    if (item === null) return -2
    return item.ttl === null ? -1 : Math.round((item.ttl ?? 0) * 1000)
  }

  /** @param {Key} key */
  async ttl(key) {
    const left = await this.pttl(key)
    return left < 0 ? left : Math.round(left / 1000)
  }

  /**
   * @param {Key} key
   * @param {() => Value | null | undefined | Promise<Value | null | undefined>} load
   * @param {LoadOptions} [options]
   */
  getOrLoadBuffer(key, load, options) {
    return this.#getOrLoad(key, load, options, (value) => value)
  }

  /**
   * @param {Key} key
   * @param {() => Value | null | undefined | Promise<Value | null | undefined>} load
   * @param {LoadOptions} [options]
   */
  getOrLoad(key, load, options) {
    return this.#getOrLoad(key, load, options, text)
  }

  /**
   * @template T
   * @param {Key} key
   * @param {() => Value | null | undefined | Promise<Value | null | undefined>} load
   * @param {LoadOptions | undefined} options
   * @param {(value: Buffer | null) => T} as
   */
  #getOrLoad(key, load, options, as) {
    return straight.promised(() => {
      checkLoad(load)
      const arrived = this.#loads.arrive()
      const ttl = ttlOf(options?.expire, options?.px)
      return straight.seek(
        this.#io,
        this.#route(key),
        key,
        (item) => as(item.value),
        async (tokens) => as(await this.#load(key, load, ttl, arrived, tokens)),
      )
    })
  }

  /**
   * @param {Key} key
   * @param {() => Value | null | undefined | Promise<Value | null | undefined>} load
   * @param {number | null} ttl
   * @param {number} arrived
   * @param {Tokens} tokens
   */
  async #load(key, load, ttl, arrived, tokens) {
    let isOwn = false
    const loaded = await this.#loads.run(
      nameOf(key),
      arrived,
      async () => {
        const value = await load()
        isOwn = true
        return value === null || value === undefined ? null : { value: bytes(value), ttl }
      },
      (filled) => fill(this.#io, tokens, key, filled),
    )
    // Whoever shares a load gets a value of its own.
    return loaded && (isOwn ? loaded.value : Buffer.from(loaded.value))
  }

  /**
   * @param {Key} key
   * @param {Value} value
   * @param {...(string | number)} options
   * @returns {Promise<'OK' | null>}
   */
  set(key, value, ...options) {
    return straight.promised(() => {
      const { ttl, how } = setOptions(options)
      const [route, item] = [this.#route(key), { value: sendable(value), ttl }]
      if (how === 'NX') return this.#add(route, key, item).then(okOf)
      if (how === 'XX')
        return whole(this.#io, () => replace(this.#io, route, key, item)).then((written) =>
          okOf(checked(written).results.get(0) === true),
        )
      return straight.write(this.#io, route, key, item, okOf)
    })
  }

  /**
   * @param {Key} key
   * @param {number} seconds
   * @param {Value} value
   */
  async setex(key, seconds, value) {
    return this.set(key, value, 'EX', seconds)
  }

  /**
   * @param {Key} key
   * @param {number} milliseconds
   * @param {Value} value
   */
  async psetex(key, milliseconds, value) {
    return this.set(key, value, 'PX', milliseconds)
  }

  /**
   * @param {Key} key
   * @param {Value} value
   */
  async setnx(key, value) {
    return (await this.#add(this.#route(key), key, { value: sendable(value), ttl: null })) ? 1 : 0
  }

  /** @param {...(Key | Key[])} keys */
  del(...keys) {
    const [key] = keys
    if (keys.length !== 1 || Array.isArray(key) || key === undefined) return this.#removeMany(keys.flat())
    return straight.promised(() => straight.write(this.#io, this.#route(key), key, null, Number))
  }

  /** @param {Key[]} all */
  async #removeMany(all) {
    const { results } = checked(await whole(this.#io, () => invalidate(this.#io, this.#routes(all), all)))
    let removed = 0
    for (const there of results.values()) if (there) removed += 1
    return removed
  }

  /** @param {...(Key | Key[])} keys */
  unlink(...keys) {
    return this.del(...keys)
  }

  /** @param {Key} key */
  invalidate(key) {
    return straight.promised(() => straight.write(this.#io, this.#route(key), key, null, () => {}))
  }

  /**
   * @param {Key} key
   * @param {number} seconds
   * @param {...never} more
   */
  async expire(key, seconds, ...more) {
    checkNoMore('expire', more)
    return this.#touch(key, ttlOf(seconds, undefined))
  }

  /**
   * @param {Key} key
   * @param {number} milliseconds
   * @param {...never} more
   */
  async pexpire(key, milliseconds, ...more) {
    checkNoMore('pexpire', more)
    return this.#touch(key, ttlOf(undefined, milliseconds))
  }

  /** @param {Key} key */
  async incr(key) {
    return this.#onRecord('INCRBY', key, 1)
  }

  /**
   * @param {Key} key
   * @param {number} amount
   */
  async incrby(key, amount) {
    return this.#onRecord('INCRBY', key, amount)
  }

  /** @param {Key} key */
  async decr(key) {
    return this.#onRecord('DECRBY', key, 1)
  }

  /**
   * @param {Key} key
   * @param {number} amount
   */
  async decrby(key, amount) {
    return this.#onRecord('DECRBY', key, amount)
  }

  /**
   * @param {Key} key
   * @param {Value} value
   */
  async append(key, value) {
    return this.#onRecord('APPEND', key, sendable(value))
  }

  async quit() {
    await this.#nodes.quit()
    return 'OK'
  }

  disconnect() {
    this.#nodes.disconnect()
  }

  /**
   * @param {Route} route
   * @param {Key} key
   * @param {{ value: string | Buffer, ttl: number | null }} item
   */
  async #add(route, key, item) {
    const reply = await whole(this.#io, () => add(this.#io, route, key, item))
    if (reply instanceof Refused) throw reply.error
    return reply === true
  }

  /**
   * @param {Key} key
   * @param {number | null} ttl
   */
  async #touch(key, ttl) {
    const route = this.#route(key)
    return (await wholeRead(this.#io, [route], () => touch(this.#io, route, key, { ttl }))) ? 1 : 0
  }

  /**
   * @param {'INCRBY' | 'DECRBY' | 'APPEND'} command
   * @param {Key} key
   * @param {number | string | Buffer} value
   * @returns {Promise<number>}
   */
  async #onRecord(command, key, value) {
    const node = onlyNode(command, this.#route(key))
    return this.#io.record(node, () => this.#transport.call(node, command, [wireKey(node, key), value]))
  }

  /**
   * @param {Key} key
   * @returns {Route}
   */
  #route(key) {
    this.#nodes.checkOpen()
    const route = this.#router.route(key)
    this.#nodes.adopt(route.generation)
    return route
  }

  /**
   * @param {Key[]} keys
   * @returns {Route[]}
   */
  #routes(keys) {
    this.#nodes.checkOpen()
    const routes = this.#router.routeMany(keys)
    if (routes[0]) this.#nodes.adopt(routes[0].generation)
    return routes
  }
}

exports.Redis = Redis
