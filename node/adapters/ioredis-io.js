// Steps sent by ioredis. What is sent in one go shares a round trip, since ioredis pipelines.
'use strict'

/**
 * @import { Redis } from 'ioredis'
 * @import { Node } from '../index.js'
 * @import { IoredisNodes } from './ioredis-nodes.js'
 * @import { Do, Item, Key, Reply, Step, Transport } from './steps-types.js'
 */

const { randomBytes } = require('node:crypto')
const { wireKey } = require('./keys.js')
const { FILL, LEASE } = require('./scripts.js')
const { Failure, Refused, Token } = require('./steps.js')

/** How every lease begins. */
const MARK = Buffer.from('\0ringshift:lease:')
/** For how many milliseconds a token lives. */
const LIFE = 30_000

/**
 * What is stored by a set, an add or a replace.
 * @typedef {{ value: Buffer, ttl: number | null }} Stored
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
  async send(step) {
    const { node } = step
    /** @type {Redis | undefined} */
    let client
    try {
      client = this.#nodes.of(node)
      const keys = step.keys.map((key) => wireKey(node, key))
      return this.#said(node, client, await this.#ask[step.do](client, keys, step))
    } catch (error) {
      const failure = replyOf(/** @type {Error} */ (error))
      return this.#said(
        node,
        client,
        step.keys.map(() => failure),
      )
    }
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
      return /** @type {number} */ (await client.call(command, parameters))
    } catch (error) {
      if (isReply(error)) throw error
      const [said] = this.#said(node, client, [this.failureOf(/** @type {Error} */ (error))])
      throw /** @type {Failure} */ (said).error
    }
  }

  /** @param {Error} error */
  failureOf(error) {
    return isReply(error) ? new Failure(error, null) : /** @type {Failure} */ (replyOf(error))
  }

  /**
   * The replies, with what is known of a lost connection. Behind an answer that doesn't come no other will come either,
   * so that connection is given up.
   * @param {Node} node
   * @param {Redis | undefined} client
   * @param {Reply[]} replies
   */
  #said(node, client, replies) {
    if (client === undefined || !replies.some((reply) => reply instanceof Failure)) return replies
    const nodes = this.#nodes
    const said = replies.map((reply) => {
      if (!(reply instanceof Failure)) return reply
      const reason = nodes.reasonOf(client, reply.error)
      return reason === reply.error ? reply : new Failure(reason, timeoutOrError(reason))
    })
    if (said.some((reply) => reply instanceof Failure && reply.outcome === 'timeout'))
      nodes.giveUp(node, client)
    return said
  }

  /** @type {Record<Do, (client: Redis, keys: Key[], step: Step) => Promise<Reply[]>>} */
  #ask = {
    get: async (client, keys) => (await values(client, keys)).map(itemOf),
    take: (client, keys) => each(keys, (key) => take(client, key)),
    seek: (client, keys) => seek(client, keys),
    fill: (client, keys, step) =>
      each(keys, async (key, at) => {
        const { value, ttl } = /** @type {Item} */ (itemAt(step, at))
        const [token] = step.tokens?.slice(at) ?? []
        const parameters = [key, token?.text ?? '', value, this.#milliseconds(ttl ?? null)]
        return isOne(await run(client, FILL, parameters))
      }),
    add: (client, keys, step) => this.#store(client, keys, step, ['NX']),
    set: (client, keys, step) => this.#store(client, keys, step, []),
    replace: (client, keys, step) => this.#store(client, keys, step, ['XX']),
    delete: (client, keys) => each(keys, async (key) => isOne(await client.call('DEL', [key]))),
    touch: (client, keys, step) =>
      each(keys, async (key, at) => {
        const { ttl } = /** @type {Stored} */ (itemAt(step, at))
        const life = this.#milliseconds(ttl)
        const changed = life === 0 ? client.call('PERSIST', [key]) : client.call('PEXPIRE', [key, life])
        // A key without an end can't be persisted, and is there all the same.
        const [there] = await Promise.all([client.call('EXISTS', [key]), changed])
        return isOne(there)
      }),
  }

  /**
   * @param {Redis} client
   * @param {Key[]} keys
   * @param {Step} step
   * @param {string[]} how
   */
  #store(client, keys, step, how) {
    return each(keys, async (key, at) => {
      const { value, ttl } = /** @type {Stored} */ (itemAt(step, at))
      const life = this.#milliseconds(ttl)
      return (await client.call('SET', [key, value, ...(life === 0 ? [] : ['PX', life]), ...how])) === 'OK'
    })
  }

  /**
   * At most the spec's max_ttl; 0 for ever.
   * @param {number | null} ttl seconds
   */
  #milliseconds(ttl) {
    const least = Math.min(ttl ?? Infinity, this.#maxTtl() ?? Infinity)
    return least === Infinity ? 0 : Math.max(1, Math.floor(least * 1000))
  }
}

/**
 * With the option stringNumbers a number is a string.
 * @param {unknown} answer
 */
function isOne(answer) {
  return Number(answer) === 1
}

/**
 * @param {Step} step
 * @param {number} at
 */
function itemAt({ items = [] }, at) {
  return items[at]
}

/**
 * A reply for each key, whatever becomes of the others.
 * @param {Key[]} keys
 * @param {(key: Key, at: number) => Promise<Reply>} ask
 */
function each(keys, ask) {
  return Promise.all(
    keys.map((key, at) => ask(key, at).catch((error) => replyOf(/** @type {Error} */ (error)))),
  )
}

/**
 * @param {Redis} client
 * @param {Key[]} keys
 * @returns {Promise<(Buffer | null)[]>}
 */
async function values(client, keys) {
  if (keys.length === 1) return [/** @type {Buffer | null} */ (await client.callBuffer('GET', keys))]
  return /** @type {(Buffer | null)[]} */ (await client.callBuffer('MGET', keys))
}

/**
 * @param {Redis} client
 * @param {Key} key
 */
async function take(client, key) {
  // The time first: if the value is replaced in between, a copy lives too short rather than too long.
  const [left, value] = await Promise.all([client.call('PTTL', [key]), client.callBuffer('GET', [key])])
  const item = itemOf(/** @type {Buffer | null} */ (value))
  const ttl = Number(left)
  // -1 for no end, -2 for a key that was not there a moment ago.
  return item && { value: item.value, ttl: ttl === -1 ? null : ttl < 0 ? undefined : ttl / 1000 }
}

/**
 * @param {Redis} client
 * @param {Key[]} keys
 * @returns {Promise<Reply[]>}
 */
async function seek(client, keys) {
  const found = (await values(client, keys)).map(itemOf)
  return each(keys, async (key, at) => {
    const item = found[at]
    if (item) return item
    const lease = Buffer.concat([MARK, Buffer.from(randomBytes(16).toString('hex'))])
    const value = /** @type {Buffer | null} */ (await run(client, LEASE, [key, lease, LIFE]))
    return value === null ? new Token(lease) : (itemOf(value) ?? new Token(value))
  })
}

/**
 * Runs a script on one key; sends its text to a server that doesn't know it.
 * @param {Redis} client
 * @param {{ text: string, sha: string }} script
 * @param {(string | Buffer | number)[]} parameters
 */
async function run(client, script, parameters) {
  try {
    return await client.callBuffer('EVALSHA', [script.sha, 1, ...parameters])
  } catch (error) {
    if (!/NOSCRIPT/.test(/** @type {Error} */ (error).message)) throw error
    return client.callBuffer('EVAL', [script.text, 1, ...parameters])
  }
}

/**
 * A lease is a miss.
 * @param {Buffer | null} value
 */
function itemOf(value) {
  return value === null || value.subarray(0, MARK.length).equals(MARK) ? null : { value }
}

/**
 * What a failed request is as a reply; a caller's mistake is thrown.
 * @param {Error} error
 */
function replyOf(error) {
  if (!isReply(error)) return new Failure(error, timeoutOrError(error))
  if (/^WRONGTYPE/.test(error.message)) throw error
  // Before Redis 7 the error of a script begins with where it was.
  return /^OOM|^ERR Error running script.*\bOOM\b/.test(error.message)
    ? new Refused(error)
    : new Failure(error, 'error')
}

/** @param {Error} error */
function timeoutOrError(error) {
  return /timed ?out/i.test(error.message) ? 'timeout' : 'error'
}

/**
 * Whether the server said so itself.
 * @param {unknown} error
 */
function isReply(error) {
  return error instanceof Error && error.name === 'ReplyError'
}

exports.IoredisIo = IoredisIo
