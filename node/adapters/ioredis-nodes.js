// The ioredis clients of all nodes, one for each address, made when first needed.
'use strict'

/**
 * @import { Socket } from 'node:net'
 * @import { RedisOptions, Redis as RedisClient } from 'ioredis'
 * @import { Node, Router } from '../index.js'
 */

const { Redis } = require('ioredis')
const { RingshiftError } = require('../index.js')
const { parseAddress } = require('./address.js')
const { Reach } = require('./reach.js')

/**
 * ioredis' own defaults but for these: a dead node is an error at once, a hung one after a second, and a command is
 * never sent twice. A connection that is lost is made again by the next request and not after a delay, in which requests
 * would wait.
 * @satisfies {RedisOptions}
 */
const DEFAULTS = {
  connectTimeout: 1000,
  commandTimeout: 1000,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: null,
}

/** What is not the caller's to say: where nodes are, and what is put before keys. */
const TAKEN = ['host', 'port', 'path', 'sentinels', 'keyPrefix', 'Connector', 'readOnly']

class IoredisNodes {
  #router
  #options
  /** @type {Map<string, RedisClient>} */
  #clients = new Map()
  /**
   * Why a client has no connection, which the commands that fail by it are not told.
   * @type {WeakMap<RedisClient, Error>}
   */
  #reasons = new WeakMap()
  /** @type {WeakMap<RedisClient, Reach>} */
  #reaches = new WeakMap()
  #generation = -1
  /** @type {number | null} */
  #maxTtl = null
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
    // One that is given as undefined would take a default away, and with it the bound on waiting.
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    const filled = { ...DEFAULTS, ...Object.fromEntries(given), lazyConnect: true }
    // A command's own limit is the end of connecting too. ioredis' would come before what has arrived is read, so it gets none.
    if (filled.connectTimeout >= filled.commandTimeout) filled.connectTimeout = 0
    this.#options = filled
  }

  get closed() {
    return this.#closed
  }

  /** The spec's of the generation that was adopted last, in seconds. */
  get maxTtl() {
    return this.#maxTtl
  }

  /**
   * The client of a node.
   * @param {Node} node
   */
  of({ address }) {
    this.checkOpen()
    const client = this.#clients.get(address)
    return client === undefined || client.status === 'end' ? this.#open(address) : client
  }

  /** @param {string} address */
  #open(address) {
    const client = new Redis({ ...this.#options, ...parseAddress(address) })
    this.#reaches.set(client, reachOf(client))
    client.on('connect', () => this.#reasons.delete(client))
    client.on('error', (error) => this.#reasons.set(client, error))
    this.#clients.set(address, client)
    return client
  }

  /**
   * What a command failed by: that there is no connection has a reason. That there never was one is noted of it.
   * @param {RedisClient} client
   * @param {Error} error
   */
  reasonOf(client, error) {
    const isLost = error.message === 'Connection is closed.' || error.name === 'MaxRetriesPerRequestError'
    const reason = (isLost && this.#reasons.get(client)) || error
    // Other errors may come before a connection was tried for, such as those of the option enableOfflineQueue.
    if (isLost || error.message === 'Command timed out') this.#reaches.get(client)?.note(reason)
    return reason
  }

  /**
   * Ends a connection that is of no use any more; the next request makes another one.
   * @param {Node} node
   * @param {RedisClient} client
   */
  giveUp({ address }, client) {
    // Others that waited for an answer may have done so already; each time would add a listener to the socket.
    if (this.#clients.get(address) !== client) return
    this.#clients.delete(address)
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
    this.#maxTtl = this.#router.maxTtl
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

/**
 * What is known of a client's connections. ioredis tells that one stands when its TLS does too, and ends one that does not
 * in time as if it had never stood, so the socket itself is watched; the types have as private where it comes from.
 * @param {RedisClient} client
 */
function reachOf(client) {
  const reach = new Reach()
  /** @type {{ connector: { connect(...parameters: unknown[]): Promise<Socket> } }} */
  const { connector } = /** @type {any} */ (client)
  const connect = connector.connect.bind(connector)
  connector.connect = async (...parameters) => {
    const socket = await connect(...parameters)
    reach.watch(socket)
    return socket
  }
  return reach
}

exports.IoredisNodes = IoredisNodes
