// What carrying out a route consists of: steps, their replies, and what the router is told of them. The rules are in
// reading.js, writing.js and loads.js and know no client; a transport sends one step to one node and knows no rules.
'use strict'

/**
 * @import { Node, Op, Outcome, Router } from '../index.js'
 * @import { Do, Fault, Key, Owed, Reply, Step, Transport } from './steps-types.js'
 */

const { isClosed } = require('./closed.js')

/** What a fill has to show: that nothing has been removed at this node since the token was taken. */
class Token {
  /**
   * @param {string | Buffer} text what the server is asked to compare
   * @param {unknown} [connection] on which it was taken, where it is only good on that
   */
  constructor(text, connection) {
    this.text = text
    this.connection = connection
  }
}

/** The reply of a node that did not acknowledge. */
class Failure {
  /**
   * @param {Error} error
   * @param {Fault | 'ok'} outcome what to report; `ok` of a node that has answered, and was asked for the impossible
   */
  constructor(error, outcome) {
    this.error = error
    this.outcome = outcome
  }
}

/** The reply of a node that is alive and would not store a value, so that the old one can still be removed from it. */
class Refused {
  /**
   * @param {Error} error what the caller gets
   * @param {boolean} [isUnsent] whether it was not the node that refused: the value could not even be sent
   */
  constructor(error, isUnsent = false) {
    this.error = error
    this.isUnsent = isUnsent
  }
}

/**
 * Under which op a step is reported. A set replaces what is no longer true: where it fails, an invalidation is lost.
 * @type {Record<Do, Op>}
 */
const OPS = {
  get: 'read',
  take: 'read',
  seek: 'read',
  touch: 'read',
  fill: 'fill',
  add: 'fill',
  set: 'invalidate',
  replace: 'invalidate',
  delete: 'invalidate',
}

/** Sends steps and tells the router how they ended. */
class Carrier {
  /**
   * Keys to be invalidated again, at nodes that have answered: by the operation that ends next, whichever that is.
   * @type {Owed[]}
   */
  owed = []
  #collects

  /**
   * @param {Router} router
   * @param {Transport} transport
   * @param {boolean} [collects] whether nodes that have answered are looked up for what is owed to them
   */
  constructor(router, transport, collects = true) {
    this.router = router
    this.transport = transport
    this.#collects = collects
  }

  /** @param {Step} step */
  async send(step) {
    const { do: what, node, keys } = step
    const replies = await this.transport.send(step)
    let hasAnswered = false
    for (const [at, reply] of replies.entries()) {
      if (this.#report(what, node, /** @type {Key} */ (keys[at]), reply)) hasAnswered = true
    }
    if (hasAnswered) this.collect(node)
    return replies
  }

  /**
   * A step about one key.
   * @param {Do} what
   * @param {Node} node
   * @param {Key} key
   * @param {unknown} [item]
   * @param {Token} [token]
   * @returns {Promise<Reply>}
   */
  one(what, node, key, item, token) {
    return this.ask(what, node, key, item, token, (reply) => reply)
  }

  /**
   * The same for somebody who goes on from the reply: that saves a promise.
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
    return this.transport.ask(what, node, key, item, token, (reply) => {
      if (this.#report(what, node, key, reply)) this.collect(node)
      return use(reply)
    })
  }

  /**
   * Steps that may go at the same time.
   * @param {Step[]} steps
   */
  async sendAll(steps) {
    return Promise.all(steps.map((step) => this.send(step)))
  }

  /**
   * A request that no step stands for, since the cache is the record. It rejects with what its client says. One that
   * fails leaves nothing behind that is no longer true, so it is no lost invalidation.
   * @template T
   * @param {Node} node
   * @param {() => Promise<T>} request
   * @returns {Promise<T>}
   */
  async record(node, request) {
    try {
      const result = await request()
      this.#tell(node, 'ok', 'fill')
      return result
    } catch (error) {
      this.#tell(node, this.#outcomeOf(this.transport.failureOf(/** @type {Error} */ (error))), 'fill')
      throw error
    }
  }

  /**
   * Notes what is owed to a node that has answered.
   * @param {Node} node
   */
  collect(node) {
    if (!this.#collects || this.transport.closed) return
    try {
      const owed = this.router.owed(node)
      if (owed.length === 0) return
      for (const { key, loss } of owed)
        this.owed.push({ key: Buffer.from(key.buffer, key.byteOffset, key.length), loss })
    } catch (error) {
      if (!isClosed(error)) throw error
    }
  }

  /**
   * @param {Do} what
   * @param {Node} node
   * @param {Key} key
   * @param {Reply} reply
   * @returns {boolean} whether the node has answered
   */
  #report(what, node, key, reply) {
    const op = OPS[what]
    if (reply instanceof Failure) {
      const outcome = this.#outcomeOf(reply)
      if (op === 'invalidate') this.#lose(node, key, outcome)
      else this.#tell(node, outcome, op)
      return outcome === 'ok'
    }
    if (op === 'read') {
      this.#tell(node, isFound(reply) ? 'hit' : 'miss', op)
      return true
    }
    if (reply === null) return false
    const isUnsent = reply instanceof Refused && reply.isUnsent
    // No invalidation is lost by it: the old value is removed by a step of its own.
    this.#tell(node, isUnsent ? 'unsent' : 'ok', isUnsent ? 'fill' : op)
    return !isUnsent
  }

  /**
   * That the client was closed meanwhile is no fault of the node.
   * @param {Failure} failure
   */
  #outcomeOf({ outcome }) {
    return this.transport.closed ? 'unsent' : outcome
  }

  /**
   * @param {Node} node
   * @param {Key} key
   * @param {Outcome} outcome
   */
  #lose(node, key, outcome) {
    try {
      this.router.lost(node, key, outcome)
    } catch (error) {
      if (!isClosed(error)) throw error
    }
  }

  /**
   * @param {Node} node
   * @param {Outcome} outcome
   * @param {Op} op
   */
  #tell(node, outcome, op) {
    try {
      this.router.report(node, outcome, op)
    } catch (error) {
      // A request that was under way when the router was closed still has its result.
      if (!isClosed(error)) throw error
    }
  }
}

/**
 * A token, or the refusal of a server that has no room for one, is a miss.
 * @param {Reply} reply
 */
function isFound(reply) {
  return reply === true || (typeof reply === 'object' && reply !== null && 'value' in reply)
}

exports.Carrier = Carrier
exports.Failure = Failure
exports.Refused = Refused
exports.Token = Token
