// Steps sent by memjs, one request for each key. memjs pipelines them on the node's connection.
'use strict'

/**
 * @import { Node } from '../index.js'
 * @import { MemjsNode } from './memjs-node.js'
 * @import { MemjsNodes } from './memjs-nodes.js'
 * @import { FilledOptions } from './memjs-options.js'
 * @import { Token } from './steps.js'
 * @import { Do, Item, Key, Reply, Step, Transport } from './steps-types.js'
 */

const { copyTtl } = require('./expires.js')
const { wireKey } = require('./keys.js')
const { isAnswer, outcomeOf } = require('./memjs-node.js')
const { MetaConnection, MetaRefusal, PLACEHOLDER, TokenGone } = require('./meta.js')
const { Failure, Refused } = require('./steps.js')

/**
 * What is stored by a set, an add or a replace; memjs serializes it.
 * @typedef {{ value: string | Buffer, expires: number }} Stored
 */

/** @implements {Transport} */
class MemjsIo {
  #nodes
  #maxTtl

  /**
   * @param {MemjsNodes} nodes
   * @param {() => number | null} maxTtl seconds
   */
  constructor(nodes, maxTtl) {
    this.#nodes = nodes
    this.#maxTtl = maxTtl
  }

  get closed() {
    return this.#nodes.closed
  }

  /** @param {Error} error */
  failureOf(error) {
    return failureOf(error)
  }

  /** @param {Step} step */
  send({ do: what, node, keys, items, tokens }) {
    return Promise.all(keys.map((key, at) => this.one(what, node, key, items?.[at], tokens?.[at])))
  }

  /**
   * @param {Do} what
   * @param {Node} node
   * @param {Key} key
   * @param {unknown} [item]
   * @param {Token} [token]
   * @returns {Promise<Reply>}
   */
  async one(what, node, key, item, token) {
    try {
      return await this.#ask[what](this.#nodes.of(node), wireKey(node, key), item, token)
    } catch (error) {
      return replyOf(what, /** @type {Error} */ (error))
    }
  }

  /** @type {Record<Do, (node: MemjsNode, key: Key, item: any, token: any) => Promise<Reply>>} */
  #ask = {
    get: (node, key) => get(node, key),
    take: async (node, key) => {
      const found = await byMeta(node, key, 'get')
      return found === undefined ? get(node, key) : found
    },
    seek: async (node, key) => {
      const found = await byMeta(node, key, 'seek')
      return found === undefined ? node.place(key) : found
    },
    fill: (node, key, /** @type {Item} */ item, /** @type {Token} */ token) => {
      const ttl = copyTtl(item.ttl ?? null, this.#maxTtl())
      const flags = item.flags ?? Buffer.alloc(4)
      // By the protocol that the token is of.
      return typeof token.text === 'string' && node.meta
        ? node.meta.fill(Buffer.from(key), token, item.value, flags, ttl)
        : node.fill(key, token, item.value, flags, ttl)
    },
    add: (node, key, item) => store(node, 'add', key, item),
    set: (node, key, item) => store(node, 'set', key, item),
    replace: (node, key, item) => store(node, 'replace', key, item),
    delete: (node, key) => node.run((client) => client.delete(key)),
    touch: (node, key, /** @type {Stored} */ { expires }) => node.run((client) => client.touch(key, expires)),
  }
}

/**
 * @param {MemjsNode} node
 * @param {'add' | 'set' | 'replace'} command
 * @param {Key} key
 * @param {Stored} item
 */
function store(node, command, key, { value, expires }) {
  return node.run((client) => client[command](key, value, { expires }))
}

/**
 * @param {MemjsNode} node
 * @param {Key} key
 * @returns {Promise<Item | null>}
 */
async function get(node, key) {
  const { value, flags } = await node.run((client) => client.get(key))
  if (value === null || flags === null || value.equals(PLACEHOLDER)) return null
  // What is empty may only stand in for a token, which this command can't tell.
  const isDoubtful = value.length === 0 && flags.readUInt32BE() === 0
  const sure = isDoubtful ? await byMeta(node, key, 'get') : undefined
  return sure === undefined ? { value, flags } : /** @type {Item | null} */ (sure)
}

/**
 * Asks by a meta command; undefined if the server, or the command with this key, can't.
 * @param {MemjsNode} node
 * @param {Key} key
 * @param {'get' | 'seek'} command
 */
async function byMeta(node, key, command) {
  const bytes = Buffer.from(key)
  if (!node.meta || node.meta.isUnknown || !MetaConnection.takes(bytes)) return undefined
  try {
    return await node.meta[command](bytes)
  } catch (error) {
    if (error instanceof MetaRefusal && error.unknownCommand) return undefined
    throw error
  }
}

/**
 * What a failed request is as a reply.
 * @param {Do} what
 * @param {Error} error
 */
function replyOf(what, error) {
  if (error instanceof TokenGone) return new Failure(error, null)
  const stores = what === 'set' || what === 'replace' || what === 'add' || what === 'fill'
  if (stores && isAnswer(error)) return new Refused(error)
  // A node that answers a delete with a no has not acknowledged it.
  return what === 'delete' && isAnswer(error) ? new Failure(error, 'error') : failureOf(error)
}

/** @param {Error} error */
function failureOf(error) {
  const outcome = outcomeOf(error)
  return new Failure(error, outcome === 'timeout' ? 'timeout' : outcome === 'ok' ? null : 'error')
}

/**
 * Counts at a node; the cache is the record.
 * @param {MemjsNodes} nodes
 * @param {Node} node
 * @param {Key} key
 * @param {'increment' | 'decrement'} command
 * @param {number} amount
 * @param {object} options
 */
function count(nodes, node, key, command, amount, options) {
  return nodes.of(node).run((client) => client[command](wireKey(node, key), amount, options))
}

exports.MemjsIo = MemjsIo
exports.count = count
