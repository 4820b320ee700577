// The connections to one node: a memjs client, and a meta connection for what memjs can't ask.
'use strict'

/**
 * @import { Outcome } from '../index.js'
 * @import { Serializer } from './memjs.js'
 * @import { FilledOptions } from './memjs-options.js'
 */

const memjs = require('memjs')
const { parseAddress } = require('./address.js')
const { MetaConnection, MetaRefusal, MetaTimeout } = require('./meta.js')
const { NodeServer, NodeTimeout } = require('./memjs-server.js')

// Of memcached's binary protocol, which memjs speaks.
const ADD = 2
const KEY_EXISTS = 2
/** @type {Record<number, string>} */
const REFUSALS = { 3: 'Value too large', 4: 'Invalid arguments', 130: 'Out of memory', 133: 'Busy' }

/** The caller's serializer failed, so nothing was sent. */
class SerializerError extends Error {}

class MemjsNode {
  #server
  #client
  #meta
  #deadline

  /**
   * @param {string} address
   * @param {FilledOptions} options
   */
  constructor(address, options) {
    const where = parseAddress(address)
    const serializer = options.serializer ? guarded(options.serializer) : undefined
    // memjs hands both to net.connect, which takes a path in the place of a port.
    this.#server = new NodeServer(where.host, where.path ?? where.port, undefined, undefined, { ...options })
    this.#client = new memjs.Client([this.#server], { ...options, serializer })
    const timeout = options.timeout * 1000
    this.#deadline = options.retries * timeout + (options.retries - 1) * options.retry_delay * 1000
    // A server that wants SASL speaks the binary protocol only.
    const { username, password } = this.#server
    this.#meta = username && password ? undefined : new MetaConnection(where, timeout)
  }

  /**
   * Lets memjs do something; fails at the deadline, whatever memjs does.
   * @template T
   * @param {(client: memjs.Client) => Promise<T>} send
   * @returns {Promise<T>}
   */
  run(send) {
    return this.#inTime(send(this.#client))
  }

  /**
   * Stores a copy unless the node has a value. memjs' own add can't take flags.
   * @param {string | Buffer} key
   * @param {Buffer} value
   * @param {Buffer} flags four bytes
   * @param {number} ttl seconds, 0 for ever
   * @returns {Promise<boolean>}
   */
  addCopy(key, value, flags, ttl) {
    const client = this.#client
    client.incrSeq()
    const extras = Buffer.concat([flags, memjs.Utils.makeExpiration(ttl)])
    const request = memjs.Utils.makeRequestBuffer(ADD, key, extras, value, client.seq)
    const sent = new Promise((resolve, reject) => {
      client.perform(key, request, client.seq, (error, response) => {
        if (error) return reject(error)
        const { status } = response.header
        if (status === 0 || status === KEY_EXISTS) return resolve(status === 0)
        return reject(new Error(`MemJS ADD: ${REFUSALS[status] ?? `status ${status}`}`))
      })
    })
    return this.#inTime(sent)
  }

  /**
   * @template T
   * @param {Promise<T>} sent
   * @returns {Promise<T>}
   */
  #inTime(sent) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new NodeTimeout('no answer in time')
        reject(error)
        this.#server.error(error)
      }, this.#deadline)
      sent.then(
        (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        (error) => {
          clearTimeout(timer)
          reject(error)
        },
      )
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
 * @returns {Outcome}
 */
function outcomeOf(error) {
  if (error instanceof NodeTimeout || error instanceof MetaTimeout) return 'timeout'
  if (error instanceof Error && /^socket timed out/.test(error.message)) return 'timeout'
  return isAnswer(error) &&
    /serializer failed|too large|invalid arguments|non-numeric|^CLIENT_ERROR/i.test(error.message)
    ? 'ok'
    : 'error'
}

/**
 * Whether the server answered or nothing was sent; everything else leaves open what became of the command.
 * @param {unknown} error
 * @returns {error is Error}
 */
function isAnswer(error) {
  if (error instanceof MetaRefusal || error instanceof SerializerError || error instanceof RangeError)
    return true
  return error instanceof Error && /^MemJS [A-Z]+: /.test(error.message)
}

exports.MemjsNode = MemjsNode
exports.isAnswer = isAnswer
exports.outcomeOf = outcomeOf
