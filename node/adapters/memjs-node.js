// The connections to one node: a memjs client, and a meta connection for what memjs can't ask.
'use strict'

/**
 * @import { Serializer } from './memjs.js'
 * @import { FilledOptions } from './memjs-options.js'
 * @import { Fault, Item, Key } from './steps-types.js'
 * @import { Response } from 'memjs'
 */

/**
 * How memjs answers. What is still to be asked for may be a promise.
 * @template T
 * @typedef {(error: Error | null, result: T | Promise<T>) => void} Done
 */

const memjs = require('memjs')
const { parseAddress } = require('./address.js')
const { Limits } = require('./limits.js')
const {
  GONE,
  LEASE,
  MetaConnection,
  MetaRefusal,
  MetaTimeout,
  PLACEHOLDER,
  TokenGone,
  isPlaceholder,
} = require('./meta.js')
const { NodeServer, NodeTimeout } = require('./memjs-server.js')
const { connectingFault } = require('./reach.js')
const { Token } = require('./steps.js')

// Of memcached's binary protocol, which memjs speaks: opcodes, statuses, and where a request has its CAS number.
const GET = 0
const SET = 1
const ADD = 2
const NOT_FOUND = 1
const KEY_EXISTS = 2
const CAS_AT = 16
/** @type {Record<number, string>} */
const REFUSALS = { 3: 'Value too large', 4: 'Invalid arguments', 130: 'Out of memory', 133: 'Busy' }

/** The caller's serializer failed, so nothing was sent. */
class SerializerError extends Error {}

class MemjsNode {
  #server
  #client
  #meta
  #limits

  /**
   * @param {string} address
   * @param {FilledOptions} options
   */
  constructor(address, options) {
    const where = parseAddress(address)
    const serializer = options.serializer ? guarded(options.serializer) : undefined
    // memjs hands both to net.connect, which takes a path in the place of a port.
    this.#server = new NodeServer(where.host, where.path ?? where.port, undefined, undefined, {
      ...options,
      // A request's own limit is the end of connecting too, unless another try follows. memjs' would come before
      // what has arrived is read, so it gets none.
      conntimeout: isOnlyTry(options) ? 0 : options.conntimeout,
    })
    this.#client = new memjs.Client([this.#server], { ...options, serializer })
    const timeout = options.timeout * 1000
    this.#limits = new Limits(
      options.retries * timeout + (options.retries - 1) * options.retry_delay * 1000,
      (/** @type {(error: Error) => void} */ reject) => {
        const error = new NodeTimeout(
          this.#server.reach.failed ? 'no connection in time' : 'no answer in time',
        )
        this.#server.error(error)
        reject(error)
      },
    )
    // A server that wants SASL speaks the binary protocol only.
    const { username, password } = this.#server
    this.#meta = username && password ? undefined : new MetaConnection(where, timeout)
  }

  /**
   * Lets memjs do something; fails at the deadline, whatever memjs does.
   * @template T
   * @param {(client: memjs.Client, done: Done<T>) => void} send
   * @returns {Promise<T>}
   */
  run(send) {
    return new Promise((resolve, reject) => {
      const limit = this.#limits.begin(reject)
      /** @type {Done<T>} */
      const done = (error, result) => {
        this.#limits.end(limit)
        if (error) reject(error)
        else resolve(result)
      }
      try {
        send(this.#client, done)
      } catch (error) {
        this.#limits.end(limit)
        throw error
      }
    })
  }

  /**
   * The item of a key, or else a token to fill it with, by the binary protocol: a placeholder stands in for the token.
   * @param {Key} key
   * @returns {Promise<Item | Token | null>}
   */
  async place(key) {
    // Twice: somebody else's placeholder may go between the two requests, and then so does the value behind it.
    for (let attempt = 0; attempt < 2; attempt++) {
      const found = await this.#request(GET, key, '', '')
      if (found.header.status === 0 && !isPlaceholder(found.val))
        return { value: found.val, flags: found.extras }
      const extras = Buffer.concat([Buffer.alloc(4), memjs.Utils.makeExpiration(LEASE)])
      const placed = found.header.status === 0 ? found : await this.#request(ADD, key, extras, PLACEHOLDER)
      if (placed.header.status === 0) {
        const { cas } = placed.header
        // Without CAS every number is 0. CAS numbers start anew with the server, and then this connection is gone.
        return cas.every((byte) => byte === 0) ? null : new Token(Buffer.from(cas), this.#server.connection)
      }
      if (placed.header.status !== KEY_EXISTS) return null
    }
    return null
  }

  /**
   * Stores an item if the token still holds, which it can only do on the connection that it was taken on.
   * @param {Key} key
   * @param {Token} token
   * @param {Buffer} value
   * @param {Buffer} flags four bytes
   * @param {number} ttl seconds, 0 for ever
   * @returns {Promise<boolean>}
   */
  async fill(key, token, value, flags, ttl) {
    const { connection } = this.#server
    if (connection === undefined || token.connection !== connection) throw new TokenGone(GONE)
    const extras = Buffer.concat([flags, memjs.Utils.makeExpiration(ttl)])
    const { status } = (await this.#request(SET, key, extras, value, /** @type {Buffer} */ (token.text)))
      .header
    if (status !== 0 && status !== KEY_EXISTS && status !== NOT_FOUND)
      throw new Error(`MemJS SET: ${REFUSALS[status] ?? `status ${status}`}`)
    return status === 0
  }

  /**
   * What memjs' own methods can't ask.
   * @param {number} opcode
   * @param {Key} key
   * @param {string | Buffer} extras
   * @param {string | Buffer} value
   * @param {Buffer} [cas]
   * @returns {Promise<Response>}
   */
  #request(opcode, key, extras, value, cas) {
    return this.run((client, done) => {
      client.incrSeq()
      const request = memjs.Utils.makeRequestBuffer(opcode, key, extras, value, client.seq)
      cas?.copy(request, CAS_AT)
      // Not sent again with a CAS number: the connection would be another one.
      client.perform(key, request, client.seq, done, cas && 1)
    })
  }

  /** Nothing if the server can't speak it. */
  get meta() {
    return this.#meta
  }

  /** Lets requests that are under way end, then closes. */
  quit() {
    if (this.#server._socket !== undefined) this.#client.quit()
    this.#meta?.quit()
  }

  close() {
    this.#client.close()
    this.#meta?.close()
  }
}

/** @param {FilledOptions} options */
function isOnlyTry({ retries, timeout, conntimeout }) {
  return retries === 1 && conntimeout >= timeout
}

/**
 * The caller's serializer as memjs gets it. It doesn't deserialize: memjs would do so within a socket's event, where
 * an error ends the process.
 * @param {Serializer<any, any>} serializer
 * @returns {Serializer<any, any>}
 */
function guarded(serializer) {
  return {
    serialize(opcode, value, extras) {
      try {
        return serializer.serialize(opcode, value, extras)
      } catch (cause) {
        throw new SerializerError('the serializer failed', { cause })
      }
    },
    deserialize: (_opcode, value, extras) => ({ value, extras }),
  }
}

/**
 * How a failed request ended, as the router wants to know it. That the caller asked for the impossible says nothing
 * against the node, which answered.
 * @param {unknown} error
 * @returns {Fault | 'ok'}
 */
function outcomeOf(error) {
  if (isUnsent(error)) return 'unsent'
  const fault = connectingFault(error)
  if (fault !== undefined) return fault
  if (error instanceof NodeTimeout || error instanceof MetaTimeout) return 'timeout'
  if (error instanceof Error && /^socket timed out/.test(error.message)) return 'timeout'
  return isAnswer(error) && /too large|invalid arguments|non-numeric|^CLIENT_ERROR/i.test(error.message)
    ? 'ok'
    : 'error'
}

/**
 * Whether it is what was to be sent that failed, or what it would have been sent on was gone.
 * @param {unknown} error
 */
function isUnsent(error) {
  return error instanceof SerializerError || error instanceof RangeError || error instanceof TokenGone
}

/**
 * Whether the server answered; everything else leaves open what became of the command, unless nothing was sent.
 * @param {unknown} error
 * @returns {error is Error}
 */
function isAnswer(error) {
  return error instanceof MetaRefusal || (error instanceof Error && /^MemJS [A-Z]+: /.test(error.message))
}

exports.MemjsNode = MemjsNode
exports.isAnswer = isAnswer
exports.isUnsent = isUnsent
exports.outcomeOf = outcomeOf
