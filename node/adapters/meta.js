// A connection to a memcached server for what only its meta commands can do: to read a value together with its
// remaining time to live and flags, to take a token for a fill with a miss, and to fill by it. Requests are pipelined; the
// server answers them in order.
//
// It writes only by a token: a server without meta commands (before memcached 1.6) gives none. It answers ERROR to a
// line, and would take the value of a write for further commands.
'use strict'

const net = require('node:net')
const { LONGEST } = require('./keys.js')
const { MetaReader } = require('./meta-reader.js')
const { Token } = require('./steps.js')

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

/** No connection is left from when a token was taken, so that nothing was sent. */
class TokenGone extends Error {}

/** For how many seconds a token lives. */
const LEASE = 30
/** What stands in for a token on servers without meta commands. */
const PLACEHOLDER = Buffer.from('\0ringshift:lease')
const GONE = 'no connection is left from when the token was taken'
const CRLF = Buffer.from('\r\n')

/**
 * @import { Answer } from './meta-reader.js'
 * @import { Item } from './steps-types.js'
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
  /** On this connection; another one may be to a newer server. */
  #unknown = false

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
   * The item of a key; null too if there is only what stands in for a token.
   * @param {Buffer} key
   * @returns {Promise<Item | null>} ttl in seconds, null for ever
   */
  async get(key) {
    const { text, flag } = metaKey(key)
    const answer = await this.#ask(`mg ${text} v f t c${flag}\r\n`)
    return answer.status === 'EN' ? null : itemOf(answer)
  }

  /**
   * The item of a key, or else a token to fill it with; null if the server keeps no CAS numbers or has no room for it.
   * @param {Buffer} key
   * @returns {Promise<Item | Token | null>}
   */
  async seek(key) {
    const { text, flag } = metaKey(key)
    const answer = await this.#ask(`mg ${text} v f t c N${LEASE}${flag}\r\n`)
    // It found nothing, and no room for what stands in for a token (memcached -M).
    if (answer.status === 'EN') return null
    const item = itemOf(answer)
    if (item) return item
    const cas = wordOf(answer.tokens, 'c')
    // CAS numbers start anew with the server, and then this connection is gone.
    return cas === '0' ? null : new Token(cas, this.#socket)
  }

  /**
   * Stores an item if the token still holds, which it can only do on the connection that it was taken on.
   * @param {Buffer} key
   * @param {Token} token
   * @param {Buffer} value
   * @param {Buffer} flags
   * @param {number} ttl seconds, 0 for ever
   * @returns {Promise<boolean>}
   */
  async fill(key, token, value, flags, ttl) {
    if (this.#socket === undefined || token.connection !== this.#socket) throw new TokenGone(GONE)
    const { text, flag } = metaKey(key)
    const line = `ms ${text} ${value.length} C${token.text} T${ttl} F${flags.readUInt32BE()}${flag}\r\n`
    const { status, tokens } = await this.#ask(Buffer.concat([Buffer.from(line, 'latin1'), value, CRLF]))
    if (!['HD', 'EX', 'NF', 'NS'].includes(status)) throw new MetaRefusal([status, ...tokens])
    return status === 'HD'
  }

  /** Closes as soon as nobody waits for an answer. */
  quit() {
    this.#quitting = true
    if (this.#waiting.length === 0) this.close()
  }

  /** Whether the server is known to have no meta commands. */
  get isUnknown() {
    return this.#unknown
  }

  close() {
    this.#fail(new Error('the connection was closed'))
  }

  /**
   * @param {string | Buffer} request
   * @returns {Promise<Answer>}
   */
  #ask(request) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new MetaTimeout('no answer in time')), this.#timeout)
      const socket = this.#connected()
      this.#waiting.push({ resolve, reject, timer })
      if (typeof request === 'string') socket.write(request, 'latin1')
      else socket.write(request)
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
      this.#unknown = false
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
      const refusal = new MetaRefusal([answer.status, ...answer.tokens])
      this.#unknown ||= refusal.unknownCommand
      request.reject(refusal)
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
    this.#unknown = false
    this.#waiting = []
    socket?.destroy()
    for (const request of waiting) {
      clearTimeout(request.timer)
      request.reject(error)
    }
  }
}

/**
 * What an answer holds. Marked by a meta delete as no longer true, or made for a token, it holds nothing.
 * @param {Answer} answer
 * @returns {Item | null}
 */
function itemOf({ status, tokens, value }) {
  if (value === undefined) throw new MetaRefusal([status, ...tokens])
  const ttl = numberOf(tokens, 't')
  const item = { value, flags: flagBytes(numberOf(tokens, 'f')), ttl: ttl === -1 ? null : ttl }
  const isToken = value.length === 0 && (tokens.includes('W') || tokens.includes('Z'))
  return tokens.includes('X') || isToken || value.equals(PLACEHOLDER) ? null : item
}

/**
 * What is behind a flag's letter in the answer.
 * @param {string[]} tokens
 * @param {string} letter
 */
function wordOf(tokens, letter) {
  const word = tokens.find((token) => token.startsWith(letter))
  if (word === undefined) throw new MetaRefusal(['no', letter, 'in', ...tokens])
  return word.slice(1)
}

/**
 * @param {string[]} tokens
 * @param {string} letter
 */
function numberOf(tokens, letter) {
  const number = Number(wordOf(tokens, letter))
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
exports.GONE = GONE
exports.LEASE = LEASE
exports.PLACEHOLDER = PLACEHOLDER
exports.TokenGone = TokenGone
