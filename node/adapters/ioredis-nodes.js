// The ioredis clients of all nodes, one for each address, made when first needed.
'use strict'

/**
 * @import { RedisOptions, Redis as RedisClient } from 'ioredis'
 * @import { Node, Router } from '../index.js'
 */

const { Redis } = require('ioredis')
const { RingshiftError } = require('../index.js')
const { parseAddress } = require('./address.js')

/**
 * ioredis' own defaults but for these: a dead node is an error at once, a hung one after a second, and a command is
 * never sent twice.
 * @type {RedisOptions}
 */
const DEFAULTS = {
  connectTimeout: 1000,
  commandTimeout: 1000,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (times) => Math.min(20 * times, 500),
}

/** What is not the caller's to say: where nodes are, and what is put before keys. */
const TAKEN = ['host', 'port', 'path', 'sentinels', 'keyPrefix', 'Connector', 'readOnly']

class IoredisNodes {
  #router
  #options
  /** @type {Map<string, RedisClient>} */
  #clients = new Map()
  #generation = 0
  #closed = false

  /**
   * @param {Router} router
   * @param {RedisOptions} options
   */
  constructor(router, options = {}) {
    for (const name of TAKEN) {
      if (!(name in options)) continue
      throw new RingshiftError({
        kind: 'invalid_argument',
        message: `the option ${name} is not the caller's: the spec says where nodes are and what is put before keys`,
      })
    }
    this.#router = router
    this.#options = { ...DEFAULTS, ...options, lazyConnect: true }
  }

  get closed() {
    return this.#closed
  }

  /**
   * The client of a node.
   * @param {Node} node
   */
  of({ address }) {
    this.checkOpen()
    let client = this.#clients.get(address)
    if (client === undefined) {
      client = new Redis({ ...this.#options, ...parseAddress(address) })
      // Each command that fails says so itself.
      client.on('error', () => {})
      this.#clients.set(address, client)
    }
    return client
  }

  /**
   * Ends a connection that is of no use any more; the next request makes another one.
   * @param {Node} node
   * @param {RedisClient} client
   */
  giveUp({ address }, client) {
    if (this.#clients.get(address) === client) this.#clients.delete(address)
    client.disconnect()
  }

  checkOpen() {
    if (this.#closed) throw new RingshiftError({ kind: 'closed', message: 'the client was closed' })
  }

  /**
   * With a new generation, ends the connections to nodes that have left the spec.
   * @param {number} generation
   */
  adopt(generation) {
    if (generation === this.#generation) return
    this.#generation = generation
    const present = new Set(this.#router.nodes().map((node) => node.address))
    for (const [address, client] of this.#clients) {
      if (present.has(address)) continue
      this.#clients.delete(address)
      // After what is under way; a node that is gone can't be told.
      client.quit().catch(() => client.disconnect())
    }
  }

  /** Lets requests that are under way end, then closes. */
  async quit() {
    const clients = this.#end()
    await Promise.all(clients.map((client) => client.quit().catch(() => client.disconnect())))
  }

  disconnect() {
    for (const client of this.#end()) client.disconnect()
  }

  #end() {
    this.#closed = true
    const clients = [...this.#clients.values()]
    this.#clients.clear()
    return clients
  }
}

exports.IoredisNodes = IoredisNodes
