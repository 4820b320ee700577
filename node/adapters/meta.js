// A connection to a memcached server for what only its meta commands can do: to read a value together with its
// remaining time to live and flags. Requests are pipelined; the server answers them in order.
//
// It only ever reads: a server without meta commands (before memcached 1.6) answers ERROR to a line, and would take
// the value of a write for further commands.
'use strict'

const net = require('node:net')
const { LONGEST } = require('./keys.js')
const { MetaReader } = require('./meta-reader.js')

/** The server answered with an error: it is alive. */
class MetaRefusal extends Error {
  /** @param {string[]} words of the answer */
  constructor(words) {
    super(words.join(' '))
    this.unknownCommand = words[0] === 'ERROR'
  }
}

/** No answer in time. */
class MetaTimeout extends Error {}

/**
 * @import { Answer } from './meta-reader.js'
 * @typedef {{ resolve(answer: Answer): void, reject(error: Error): void, timer: NodeJS.Timeout }} Request
 */

class MetaConnection {
  #where
  #timeout
  /** @type {net.Socket | undefined} */
  #socket
  #reader = new MetaReader()
  /**
   * Those without an answer, oldest first.
   * @type {Request[]}
   */
  #waiting = []
  #quitting = false

  /**
   * @param {net.NetConnectOpts} where
   * @param {number} timeout milliseconds for one request, connecting included
   */
  constructor(where, timeout) {
    this.#where = where
    this.#timeout = timeout
  }

  /**
   * Whether the key can be sent at all: one with spaces or control characters grows by a third.
   * @param {Buffer} key
   */
  static takes(key) {
    return metaKey(key).text.length <= LONGEST
  }

  /**
   * @param {Buffer} key
   * @returns {Promise<{value: Buffer, flags: Buffer, ttl: number | null} | null>} ttl in seconds, null for ever
   */
  async get(key) {
    const { text, flag } = metaKey(key)
    const { status, tokens, value } = await this.#ask(`mg ${text} t f v${flag}\r\n`)
    if (status === 'EN') return null
    if (value === undefined) throw new MetaRefusal([status, ...tokens])
    const ttl = numberOf(tokens, 't')
    return { value, flags: flagBytes(numberOf(tokens, 'f')), ttl: ttl === -1 ? null : ttl }
  }

  /** Closes as soon as nobody waits for an answer. */
  quit() {
    this.#quitting = true
    if (this.#waiting.length === 0) this.close()
  }

  close() {
    this.#fail(new Error('the connection was closed'))
  }

  /**
   * @param {string} line
   * @returns {Promise<Answer>}
   */
  #ask(line) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new MetaTimeout('no answer in time')), this.#timeout)
      const socket = this.#connected()
      this.#waiting.push({ resolve, reject, timer })
      socket.write(line, 'latin1')
    })
  }

  #connected() {
    if (this.#socket === undefined) {
      const socket = net.connect(this.#where)
      socket.setNoDelay(true)
      const lost = (/** @type {Error} */ error) => {
        if (this.#socket === socket) this.#fail(error)
      }
      socket.on('error', lost)
      socket.on('close', () => lost(new Error('the connection was closed')))
      socket.on('data', (data) => {
        if (this.#socket === socket) this.#receive(data)
      })
      this.#socket = socket
      this.#reader = new MetaReader()
    }
    // An idle connection doesn't keep the process alive.
    this.#socket.ref()
    return this.#socket
  }

  /** @param {Buffer} data */
  #receive(data) {
    try {
      for (const answer of this.#reader.push(data)) this.#answer(answer)
    } catch (error) {
      this.#fail(/** @type {Error} */ (error))
    }
  }

  /** @param {Answer} answer */
  #answer(answer) {
    const request = this.#waiting.shift()
    if (request === undefined) throw new Error('an answer that nobody asked for')
    clearTimeout(request.timer)
    if (this.#waiting.length === 0) this.#socket?.unref()
    if (/^(SERVER_|CLIENT_)?ERROR$/.test(answer.status)) {
      request.reject(new MetaRefusal([answer.status, ...answer.tokens]))
    } else {
      request.resolve(answer)
    }
    if (this.#quitting && this.#waiting.length === 0) this.close()
  }

  /**
   * Ends the connection: what comes after a request without an answer can't be told apart.
   * @param {Error} error
   */
  #fail(error) {
    const socket = this.#socket
    const waiting = this.#waiting
    this.#socket = undefined
    this.#waiting = []
    socket?.destroy()
    for (const request of waiting) {
      clearTimeout(request.timer)
      request.reject(error)
    }
  }
}

/**
 * The number behind a flag's letter in the answer.
 * @param {string[]} tokens
 * @param {string} letter
 */
function numberOf(tokens, letter) {
  const number = Number(tokens.find((token) => token.startsWith(letter))?.slice(1))
  if (!Number.isSafeInteger(number)) throw new MetaRefusal(['no', letter, 'in', ...tokens])
  return number
}

/**
 * Flags as memjs has them.
 * @param {number} flags
 */
function flagBytes(flags) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(flags)
  return bytes
}

/**
 * A key as it is sent: as it is, or in base64 if it has bytes that the line can't hold.
 * @param {Buffer} key
 */
function metaKey(key) {
  const plain = key.every((byte) => byte > 0x20 && byte !== 0x7f)
  return plain ? { text: key.toString('latin1'), flag: '' } : { text: key.toString('base64'), flag: ' b' }
}

exports.MetaConnection = MetaConnection
exports.MetaRefusal = MetaRefusal
exports.MetaTimeout = MetaTimeout
