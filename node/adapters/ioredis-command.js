// Sends commands by an ioredis client, with a time limit that costs less than a timer for each.
'use strict'

/** @import { Redis } from 'ioredis' */

const { Command } = require('ioredis')
const { Limits } = require('./limits.js')

/**
 * By their length, which is an option of a client: commands of all clients that have it wait side by side.
 * @type {Map<number, Limits<Command>>}
 */
const limitsOf = new Map()

/** @param {number} milliseconds */
function limitsFor(milliseconds) {
  let limits = limitsOf.get(milliseconds)
  if (limits === undefined) {
    // As ioredis says it.
    limits = new Limits(milliseconds, (command) => command.reject(new Error('Command timed out')))
    limitsOf.set(milliseconds, limits)
  }
  return limits
}

class LimitedCommand extends Command {
  /** @type {(() => void) | undefined} */
  #end

  /**
   * ioredis calls it when it sends a command, and again when it has to send it on another connection.
   * @override
   * @param {number} milliseconds
   */
  setTimeout(milliseconds) {
    if (this.#end !== undefined) return
    const limits = limitsFor(milliseconds)
    const limit = limits.begin(this)
    this.#end = () => limits.end(limit)
  }

  static {
    // ioredis calls it when a command has ended; its types have it as private. Were it not called, the limit would end by
    // itself, and reject what has its result.
    /** @type {any} */
    const prototype = LimitedCommand.prototype
    prototype._clearTimers = function clearTimers() {
      this.#end?.()
    }
  }
}

/**
 * What `callBuffer` does: strings come as Buffers.
 * @param {Redis} client
 * @param {string} name
 * @param {(string | Buffer | number)[]} parameters
 */
function sendForBytes(client, name, parameters) {
  return send(client, name, parameters, null)
}

/**
 * What `call` does.
 * @param {Redis} client
 * @param {string} name
 * @param {(string | Buffer | number)[]} parameters
 */
function sendForText(client, name, parameters) {
  return send(client, name, parameters, 'utf8')
}

/**
 * Not by `call`, which makes a timer for each, and fails where ioredis is to pipeline by itself (enableAutoPipelining).
 * @param {Redis} client
 * @param {string} name
 * @param {(string | Buffer | number)[]} parameters
 * @param {'utf8' | null} replyEncoding
 * @returns {Promise<unknown>}
 */
function send(client, name, parameters, replyEncoding) {
  const errorStack = client.options.showFriendlyErrorStack ? new Error() : undefined
  const command = new LimitedCommand(name, parameters, { replyEncoding, errorStack })
  return /** @type {Promise<unknown>} */ (client.sendCommand(command))
}

exports.sendForBytes = sendForBytes
exports.sendForText = sendForText
