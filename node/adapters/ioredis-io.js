// Steps sent by ioredis. What is sent in one go shares a round trip, since ioredis pipelines.
'use strict'

/**
 * @import { Redis } from 'ioredis'
 * @import { Node } from '../index.js'
 * @import { IoredisNodes } from './ioredis-nodes.js'
 * @import { Do, Fault, Item, Key, Reply, Step, Transport } from './steps-types.js'
 */

const { randomBytes } = require('node:crypto')
const { sendForBytes, sendForText } = require('./ioredis-command.js')
const { wireKey } = require('./keys.js')
const { connectingFault } = require('./reach.js')
const { FILL, LEASE } = require('./scripts.js')
const { Failure, Refused, Token } = require('./steps.js')

/** How every lease begins. */
const MARK = Buffer.from('\0ringshift:lease:')
/** For how many milliseconds a token lives. */
const LIFE = 30_000

/**
 * What is stored by a set, an add or a replace.
 * @typedef {{ value: string | Buffer, ttl: number | null }} Stored
 */

/**
 * How a step is taken: what is sent, and what the answer is as a reply.
 * @typedef {object} Way
 * @property {(client: Redis, key: Key, item: any, token: any) => Promise<unknown>} send
 * @property {(answer: any, client: Redis, key: Key) => Reply | Promise<Reply>} reply
 */

/** @implements {Transport} */
class IoredisIo {
  #nodes
  #maxTtl

  /**
   * @param {IoredisNodes} nodes
   * @param {() => number | null} maxTtl seconds
   */
  constructor(nodes, maxTtl) {
    this.#nodes = nodes
    this.#maxTtl = maxTtl
  }

  get closed() {
    return this.#nodes.closed
  }

  /**
   * @param {Step} step
   * @returns {Promise<Reply[]>}
   */
  async send({ do: what, node, keys, items, tokens }) {
    if (what !== 'get' && what !== 'seek')
      return Promise.all(keys.map((key, at) => this.ask(what, node, key, items?.[at], tokens?.[at], same)))
    /** @type {Redis | undefined} */
    let client
    try {
      client = this.#nodes.of(node)
      const wires = keys.map((key) => wireKey(node, key))
      const values = /** @type {(Buffer | null)[]} */ (await sendForBytes(client, 'MGET', wires))
      const found = values.map(itemOf)
      return what === 'get' ? found : await this.#leases(node, client, wires, found)
    } catch (error) {
      const failure = this.#said(node, client, replyOf(/** @type {Error} */ (error)))
      return keys.map(() => failure)
    }
  }

  /**
   * What was found, and leases for what was not.
   * @param {Node} node
   * @param {Redis} client
   * @param {Key[]} keys
   * @param {(Item | null)[]} found
   */
  #leases(node, client, keys, found) {
    const failed = (/** @type {Error} */ error) => this.#said(node, client, replyOf(error))
    return Promise.all(keys.map((key, at) => found[at] ?? lease(client, key).catch(failed)))
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
    const { send, reply } = this.#ways[what]
    const wire = wireKey(node, key)
    /** @type {Redis | undefined} */
    let client
    /** @type {Promise<unknown>} */
    let sent
    try {
      client = this.#nodes.of(node)
      sent = send(client, wire, item, token)
    } catch (error) {
      sent = Promise.reject(error)
    }
    const failed = (/** @type {Error} */ error) => use(this.#said(node, client, replyOf(error)))
    return sent.then((answer) => {
      const made = reply(answer, /** @type {Redis} */ (client), wire)
      return made instanceof Promise ? made.then(use, failed) : use(made)
    }, failed)
  }

  /**
   * A command that no step stands for.
   * @param {Node} node
   * @param {string} command
   * @param {(Key | number)[]} parameters
   * @returns {Promise<number>}
   */
  async call(node, command, parameters) {
    const client = this.#nodes.of(node)
    try {
      return /** @type {number} */ (await sendForText(client, command, parameters))
    } catch (error) {
      if (isReply(error)) throw error
      const said = this.#said(node, client, this.failureOf(/** @type {Error} */ (error)))
      throw /** @type {Failure} */ (said).error
    }
  }

  /** @param {Error} error */
  failureOf(error) {
    return isReply(error) ? new Failure(error, 'ok') : /** @type {Failure} */ (replyOf(error))
  }

  /**
   * A reply, with what is known of a lost connection. Behind an answer that doesn't come no other will come either, so
   * that connection is given up.
   * @param {Node} node
   * @param {Redis | undefined} client
   * @param {Reply} reply
   */
  #said(node, client, reply) {
    if (client === undefined || !(reply instanceof Failure) || isReply(reply.error)) return reply
    const reason = this.#nodes.reasonOf(client, reply.error)
    if (isTimeout(reason)) this.#nodes.giveUp(node, client)
    return new Failure(reason, faultOf(reason))
  }

  /** @type {Record<Do, Way>} */
  #ways = {
    get: { send: get, reply: itemOf },
    take: { send: take, reply: same },
    seek: { send: get, reply: (value, client, key) => itemOf(value) ?? lease(client, key) },
    fill: {
      send: (client, key, /** @type {Item} */ { value, ttl }, /** @type {Token} */ { text }) =>
        run(client, FILL, [key, text, value, milliseconds(ttl ?? null, this.#maxTtl())]),
      reply: isOne,
    },
    add: { send: (client, key, item) => this.#store(client, key, item, 'NX'), reply: isOk },
    set: { send: (client, key, item) => this.#store(client, key, item), reply: isOk },
    replace: { send: (client, key, item) => this.#store(client, key, item, 'XX'), reply: isOk },
    delete: { send: (client, key) => sendForText(client, 'DEL', [key]), reply: isOne },
    touch: {
      send: async (client, key, /** @type {Stored} */ { ttl }) => {
        const life = milliseconds(ttl, this.#nodes.maxTtl)
        const changed =
          life === 0 ? sendForText(client, 'PERSIST', [key]) : sendForText(client, 'PEXPIRE', [key, life])
        // A key without an end can't be persisted, and is there all the same.
        const [there] = await Promise.all([sendForText(client, 'EXISTS', [key]), changed])
        return there
      },
      reply: isOne,
    },
  }

  /**
   * @param {Redis} client
   * @param {Key} key
   * @param {Stored} item
   * @param {'NX' | 'XX'} [how]
   */
  #store(client, key, { value, ttl }, how) {
    const life = milliseconds(ttl, this.#nodes.maxTtl)
    /** @type {(Key | number)[]} */
    const parameters = [key, value]
    if (life > 0) parameters.push('PX', life)
    if (how) parameters.push(how)
    return sendForText(client, 'SET', parameters)
  }
}

/**
 * At most the spec's max_ttl; 0 for ever.
 * @param {number | null} ttl seconds
 * @param {number | null} maxTtl seconds
 */
function milliseconds(ttl, maxTtl) {
  const least = Math.min(ttl ?? Infinity, maxTtl ?? Infinity)
  return least === Infinity ? 0 : Math.max(1, Math.floor(least * 1000))
}

/**
 * With the option stringNumbers a number is a string.
 * @param {unknown} answer
 */
function isOne(answer) {
  return Number(answer) === 1
}

/** @param {unknown} answer */
function isOk(answer) {
  return answer === 'OK'
}

/**
 * @template T
 * @param {T} reply
 */
function same(reply) {
  return reply
}

/**
 * @param {Redis} client
 * @param {Key} key
 */
function get(client, key) {
  return sendForBytes(client, 'GET', [key])
}

/**
 * @param {Redis} client
 * @param {Key} key
 */
async function take(client, key) {
  // The time first: if the value is replaced in between, a copy lives too short rather than too long.
  const [left, value] = await Promise.all([sendForText(client, 'PTTL', [key]), get(client, key)])
  const item = itemOf(/** @type {Buffer | null} */ (value))
  const ttl = Number(left)
  // -1 for no end, -2 for a key that was not there a moment ago.
  return item && { value: item.value, ttl: ttl === -1 ? null : ttl < 0 ? undefined : ttl / 1000 }
}

/**
 * The token of a key that was missing, or the item that has come meanwhile.
 * @param {Redis} client
 * @param {Key} key
 * @returns {Promise<Item | Token>}
 */
async function lease(client, key) {
  const mine = Buffer.concat([MARK, Buffer.from(randomBytes(16).toString('hex'))])
  const value = /** @type {Buffer | null} */ (await run(client, LEASE, [key, mine, LIFE]))
  return value === null ? new Token(mine) : (itemOf(value) ?? new Token(value))
}

/**
 * Runs a script on one key; sends its text to a server that doesn't know it.
 * @param {Redis} client
 * @param {{ text: string, sha: string }} script
 * @param {(string | Buffer | number)[]} parameters
 */
async function run(client, script, parameters) {
  try {
    return await sendForBytes(client, 'EVALSHA', [script.sha, 1, ...parameters])
  } catch (error) {
    if (!/NOSCRIPT/.test(/** @type {Error} */ (error).message)) throw error
    return sendForBytes(client, 'EVAL', [script.text, 1, ...parameters])
  }
}

/**
 * A lease is a miss.
 * @param {Buffer | null} value
 * @returns {Item | null}
 */
function itemOf(value) {
  if (value === null) return null
  // Most values are told from a lease by their first byte.
  return value[0] === MARK[0] && value.subarray(0, MARK.length).equals(MARK) ? null : { value }
}

/**
 * What a failed request is as a reply; a caller's mistake is thrown.
 * @param {Error} error
 */
function replyOf(error) {
  if (!isReply(error)) return new Failure(error, faultOf(error))
  if (/^WRONGTYPE/.test(error.message)) throw error
  // Before Redis 7 the error of a script begins with where it was.
  return /^OOM|^ERR Error running script.*\bOOM\b/.test(error.message)
    ? new Refused(error)
    : new Failure(error, 'error')
}

/**
 * @param {Error} error
 * @returns {Fault}
 */
function faultOf(error) {
  const fault = connectingFault(error)
  if (fault !== undefined) return fault
  // Only ioredis' message tells that the caller's option kept it from waiting for a connection.
  if (/enableOfflineQueue/.test(error.message)) return 'unsent'
  return isTimeout(error) ? 'timeout' : 'error'
}

/** @param {Error} error */
function isTimeout(error) {
  return /timed ?out/i.test(error.message)
}

/**
 * Whether the server said so itself.
 * @param {unknown} error
 */
function isReply(error) {
  return error instanceof Error && error.name === 'ReplyError'
}

exports.IoredisIo = IoredisIo
