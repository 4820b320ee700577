// Steps sent by ioredis. What is sent in one go shares a round trip, since ioredis pipelines.
'use strict'

/**
 * @import { Redis } from 'ioredis'
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
    /** @type {Redis | undefined} */
    let client
    try {
      client = this.#nodes.of(step.node)
      const keys = step.keys.map((key) => wireKey(step.node, key))
      const replies = await this.#ask[step.do](client, keys, step)
      this.#giveUpAfterTimeout(step, client, replies)
      return replies
    } catch (error) {
      const failure = replyOf(/** @type {Error} */ (error))
      this.#giveUpAfterTimeout(step, client, [failure])
      return step.keys.map(() => failure)
    }
  }

  /**
   * Answers come in order: behind one that doesn't come, no other will.
   * @param {Step} step
   * @param {Redis | undefined} client
   * @param {Reply[]} replies
   */
  #giveUpAfterTimeout(step, client, replies) {
    if (client && replies.some((reply) => reply instanceof Failure && reply.outcome === 'timeout'))
      this.#nodes.giveUp(step.node, client)
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
        return (await run(client, FILL, parameters)) === 1
      }),
    add: (client, keys, step) => this.#store(client, keys, step, ['NX']),
    set: (client, keys, step) => this.#store(client, keys, step, []),
    replace: (client, keys, step) => this.#store(client, keys, step, ['XX']),
    delete: (client, keys) => each(keys, async (key) => (await client.call('DEL', [key])) === 1),
    touch: (client, keys, step) =>
      each(keys, async (key, at) => {
        const { ttl } = /** @type {Stored} */ (itemAt(step, at))
        const life = this.#milliseconds(ttl)
        const changed = life === 0 ? client.call('PERSIST', [key]) : client.call('PEXPIRE', [key, life])
        // A key without an end can't be persisted, and is there all the same.
        const [there] = await Promise.all([client.call('EXISTS', [key]), changed])
        return there === 1
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
async function each(keys, ask) {
  if (keys.length === 1) return [await ask(/** @type {Key} */ (keys[0]), 0)]
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
  if (error.name !== 'ReplyError')
    return new Failure(error, /timed ?out/i.test(error.message) ? 'timeout' : 'error')
  if (/^WRONGTYPE/.test(error.message)) throw error
  return /^OOM/.test(error.message) ? new Refused(error) : new Failure(error, 'error')
}

exports.IoredisIo = IoredisIo
