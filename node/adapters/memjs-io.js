// What the steps of a route do at one node about one key, through memjs. Every outcome is told to the router.
'use strict'

/**
 * @import { Node, Op, Outcome, Router } from '../index.js'
 * @import { CountOptions, Key } from './memjs.js'
 * @import { MemjsNode } from './memjs-node.js'
 * @import { MemjsNodes } from './memjs-nodes.js'
 * @import { Reader, Writer } from './steps-types.js'
 */

const { isClosed } = require('./closed.js')
const { copyTtl } = require('./expires.js')
const { fits, tooLong, wireKey } = require('./keys.js')
const { isAnswer, outcomeOf } = require('./memjs-node.js')
const { MetaConnection, MetaRefusal } = require('./meta.js')
const { Refusal } = require('./steps.js')

/**
 * A value as it is on the wire.
 * @typedef {object} Item
 * @property {Buffer} value
 * @property {Buffer} flags four bytes
 * @property {number | null} [ttl] seconds that it has left, null for ever, nothing if that is not known
 */

/**
 * @implements {Reader<Item>}
 * @implements {Writer}
 */
class MemjsIo {
  #router
  #nodes
  #key

  /**
   * @param {Router} router
   * @param {MemjsNodes} nodes
   * @param {Key} key
   */
  constructor(router, nodes, key) {
    this.#router = router
    this.#nodes = nodes
    this.#key = key
  }

  /** @param {Node} node */
  read(node) {
    return this.#find(node, getItem)
  }

  /** @param {Node} node */
  readToCopy(node) {
    return this.#find(node, getItemWithTtl)
  }

  /**
   * @param {Node} node
   * @param {Item} item
   */
  async fill(node, { value, flags, ttl }) {
    // Without the remaining time there is no copy: an invented one could outlive the original.
    if (ttl === undefined || ttl === 0 || !fits(node, this.#key)) return
    await this.#ask(node, 'fill', (at, key) =>
      at.addCopy(key, value, flags, copyTtl(ttl, this.#router.maxTtl)),
    ).catch(() => undefined)
  }

  /** @param {Node} node */
  async remove(node) {
    if (!fits(node, this.#key)) return false
    return this.#ask(node, 'invalidate', (at, key) => at.run((client) => client.delete(key)))
  }

  /**
   * The writer that stores a value.
   * @param {'set' | 'add' | 'replace'} command
   * @param {string | Buffer} value
   * @param {number} expires
   * @returns {Writer}
   */
  storing(command, value, expires) {
    return {
      remove: (node) => this.remove(node),
      // Of several replicas, the first decides whether the condition of an add or replace holds.
      store: (node, first) => this.#store(node, first ? command : 'set', value, expires),
    }
  }

  /**
   * Whether the key is at the node; rejects if the node failed.
   * @param {Node} node
   * @param {number} expires
   */
  async touch(node, expires) {
    if (!fits(node, this.#key)) return false
    const touch = (/** @type {MemjsNode} */ at, /** @type {Key} */ key) =>
      at.run((client) => client.touch(key, expires))
    return this.#ask(node, 'read', touch, hitOrMiss)
  }

  /**
   * @param {Node} node
   * @param {'increment' | 'decrement'} command
   * @param {number} amount
   * @param {CountOptions} options
   */
  async count(node, command, amount, options) {
    if (!fits(node, this.#key)) throw tooLong(node, this.#key)
    return this.#ask(node, 'read', (at, key) => at.run((client) => client[command](key, amount, options)))
  }

  /**
   * @param {Node} node
   * @param {'set' | 'add' | 'replace'} command
   * @param {string | Buffer} value
   * @param {number} expires
   */
  async #store(node, command, value, expires) {
    if (!fits(node, this.#key)) throw new Refusal(tooLong(node, this.#key))
    // A set replaces what is no longer true: where it fails, an invalidation is lost.
    const op = command === 'add' ? 'fill' : 'invalidate'
    try {
      return await this.#ask(node, op, (at, key) =>
        at.run((client) => client[command](key, value, { expires })),
      )
    } catch (error) {
      throw isAnswer(error) ? new Refusal(error) : error
    }
  }

  /**
   * @param {Node} node
   * @param {(at: MemjsNode, key: Key) => Promise<Item | null>} get
   */
  async #find(node, get) {
    if (!fits(node, this.#key)) return null
    return this.#ask(node, 'read', get, hitOrMiss).catch(() => undefined)
  }

  /**
   * Sends a request to a node and tells the router how it ended.
   * @template T
   * @param {Node} node
   * @param {Op} op
   * @param {(at: MemjsNode, key: Key) => Promise<T>} send
   * @param {(result: T) => Outcome} [outcome]
   */
  async #ask(node, op, send, outcome = () => 'ok') {
    const at = this.#nodes.of(node)
    try {
      const result = await send(at, wireKey(node, this.#key))
      this.#report(node, outcome(result), op)
      return result
    } catch (error) {
      // That the client was closed meanwhile is no fault of the node.
      if (!this.#nodes.closed) this.#report(node, outcomeOf(error), op)
      throw error
    }
  }

  /**
   * @param {Node} node
   * @param {Outcome} outcome
   * @param {Op} op
   */
  #report(node, outcome, op) {
    try {
      this.#router.report(node, outcome, op)
    } catch (error) {
      // A request that was under way when the router was closed still has its result.
      if (!isClosed(error)) throw error
    }
  }
}

/**
 * @param {MemjsNode} at
 * @param {Key} key
 * @returns {Promise<Item | null>}
 */
async function getItem(at, key) {
  const { value, flags } = await at.run((client) => client.get(key))
  return value === null || flags === null ? null : { value, flags }
}

/**
 * @param {MemjsNode} at
 * @param {Key} key
 * @returns {Promise<Item | null>}
 */
async function getItemWithTtl(at, key) {
  const bytes = Buffer.from(key)
  if (!at.meta || !MetaConnection.takes(bytes)) return getItem(at, key)
  try {
    return await at.meta.get(bytes)
  } catch (error) {
    if (error instanceof MetaRefusal && error.unknownCommand) return getItem(at, key)
    throw error
  }
}

/** @param {unknown} found */
function hitOrMiss(found) {
  return found ? 'hit' : 'miss'
}

exports.MemjsIo = MemjsIo
