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
const { LONGEST, isTooLong, wireKey } = require('./keys.js')
const { isAnswer, isUnsent, outcomeOf } = require('./memjs-node.js')
const { TokenGone, isPlaceholder, metaKey } = require('./meta.js')
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
    const use = (/** @type {Reply} */ reply) => reply
    return Promise.all(keys.map((key, at) => this.ask(what, node, key, items?.[at], tokens?.[at], use)))
  }

  /**
   * @template T
   * @param {Do} what
   * @param {Node} node
   * @param {Key} key
   * @param {unknown} item
   * @param {Token | undefined} token
   * @param {(reply: Reply) => T | Promise<T>} use
   * @returns {Promise<T>}
   */
  ask(what, node, key, item, token, use) {
    const failed = (/** @type {Error} */ error) => use(replyOf(what, error))
    /** @type {Promise<Reply>} */
    let asked
    try {
      asked = this.#send[what](this.#nodes.of(node), wireKey(node, key), item, token)
    } catch (error) {
      asked = Promise.reject(error)
    }
    return asked.then(use, failed)
  }

  /** @type {Record<Do, (node: MemjsNode, key: Key, item: any, token: any) => Promise<Reply>>} */
  #send = {
    get,
    take: (node, key) => byMeta(node, key, 'get', () => get(node, key)),
    seek: (node, key) => byMeta(node, key, 'seek', () => node.place(key)),
    fill: (node, key, /** @type {Item} */ item, /** @type {Token} */ token) => {
      const ttl = copyTtl(item.ttl ?? null, this.#maxTtl())
      const flags = item.flags ?? Buffer.alloc(4)
      // By the protocol that the token is of.
      return typeof token.text === 'string' && node.meta
        ? node.meta.fill(metaKey(key), token, item.value, flags, ttl)
        : node.fill(key, token, item.value, flags, ttl)
    },
    add: (node, key, item) => store(node, 'add', key, item),
    set: (node, key, item) => store(node, 'set', key, item),
    replace: (node, key, item) => store(node, 'replace', key, item),
    delete: (node, key) =>
      isTooLong(key) ? Promise.resolve(null) : node.run((client, done) => client.delete(key, done)),
    touch: (node, key, /** @type {Stored} */ { expires }) =>
      node.run((client, done) => client.touch(key, expires, done)),
  }
}

/**
 * @param {MemjsNode} node
 * @param {'add' | 'set' | 'replace'} command
 * @param {Key} key
 * @param {Stored} item
 */
function store(node, command, key, { value, expires }) {
  return node.run((client, done) => client[command](key, value, { expires }, done))
}

/**
 * @param {MemjsNode} node
 * @param {Key} key
 * @returns {Promise<Reply>}
 */
function get(node, key) {
  return node.run((client, done) =>
    client.get(key, (error, value, flags) => {
      if (error || value === null || flags === null || isPlaceholder(value)) return done(error, null)
      const item = { value, flags }
      // What is empty may only stand in for a token, which this command can't tell.
      const isDoubtful = value.length === 0 && flags.readUInt32BE() === 0
      return done(null, isDoubtful ? byMeta(node, key, 'get', async () => item) : item)
    }),
  )
}

/**
 * Asks by a meta command, or otherwise if the server, or the command with this key, can't.
 * @param {MemjsNode} node
 * @param {Key} key
 * @param {'get' | 'seek'} command
 * @param {() => Promise<Reply>} otherwise
 * @returns {Promise<Reply>}
 */
function byMeta(node, key, command, otherwise) {
  const { meta } = node
  if (meta === undefined || meta.isUnknown) return otherwise()
  const name = metaKey(key)
  return name.text.length > LONGEST ? otherwise() : meta[command](name, otherwise)
}

/**
 * What a failed request is as a reply.
 * @param {Do} what
 * @param {Error} error
 */
function replyOf(what, error) {
  if (error instanceof TokenGone) return failureOf(error)
  const stores = what === 'set' || what === 'replace' || what === 'add' || what === 'fill'
  if (stores && (isAnswer(error) || isUnsent(error))) return new Refused(error, isUnsent(error))
  // A node that answers a delete with a no has not acknowledged it.
  return what === 'delete' && isAnswer(error) ? new Failure(error, 'error') : failureOf(error)
}

/** @param {Error} error */
function failureOf(error) {
  return new Failure(error, outcomeOf(error))
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
  return nodes
    .of(node)
    .run((client, done) =>
      client[command](wireKey(node, key), amount, options, (error, success, value) =>
        done(error, { success, value }),
      ),
    )
}

exports.MemjsIo = MemjsIo
exports.count = count
