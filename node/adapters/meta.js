// A connection to a memcached server for what only its meta commands can do: to read a value together with its
// remaining time to live and flags, to take a token for a fill with a miss, and to fill by it. Requests are pipelined; the
// server answers them in order.
//
// It writes only by a token: a server without meta commands (before memcached 1.6) gives none. It answers ERROR to a
// line, and would take the value of a write for further commands.
'use strict'

const net = require('node:net')
const { Limits } = require('./limits.js')
const { MetaReader } = require('./meta-reader.js')
const { Reach } = require('./reach.js')
const { Token } = require('./steps.js')

/** The server answered with an error: it is alive. */
class MetaRefusal extends Error {
  /** @param {string[]} words of the answer */
  constructor(words) {
    super(words.join(' '))
    this.unknownCommand = words[0] === 'ERROR'
  }
}

/** No answer in time, or no connection. */
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
 * @import { Limit } from './limits.js'
 * @import { Item, Key, Reply } from './steps-types.js'
 *
 * @typedef {object} Request
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {(answer: Answer) => unknown} read
 * @property {(() => Promise<unknown>) | undefined} otherwise
 * @property {Limit<undefined>} limit
 *
 * @typedef {{ text: string, flag: string }} MetaKey
 */

class MetaConnection {
  #where
  #limits
  /** @type {net.Socket | undefined} */
  #socket
  #reach = new Reach()
  /** @type {MetaReader | undefined} */
  #reader
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
    this.#limits = new Limits(timeout, () =>
      this.#fail(new MetaTimeout(this.#reach.failed ? 'no connection in time' : 'no answer in time')),
    )
  }

  /**
   * The item of a key; null too if there is only what stands in for a token.
   * @param {MetaKey} key
   * @param {() => Promise<Reply>} otherwise asks a server that has no meta commands
   * @returns {Promise<Reply>} an Item or null: ttl in seconds, null for ever
   */
  get({ text, flag }, otherwise) {
    const request = `mg ${text} v f t c${flag}\r\n`
    return this.#ask(request, (answer) => (answer.status === 'EN' ? null : itemOf(answer)), otherwise)
  }

  /**
   * The item of a key, or else a token to fill it with; null if the server keeps no CAS numbers or has no room for it.
   * @param {MetaKey} key
   * @param {() => Promise<Reply>} otherwise asks a server that has no meta commands
   * @returns {Promise<Reply>} an Item, a Token or null
   */
  seek({ text, flag }, otherwise) {
    return this.#ask(
      `mg ${text} v f t c N${LEASE}${flag}\r\n`,
      // What is found there on a miss without room for what stands in for a token is nothing (memcached -M).
      (answer) => (answer.status === 'EN' ? null : (itemOf(answer) ?? this.#tokenOf(answer))),
      otherwise,
    )
  }

  /** @param {Answer} answer */
  #tokenOf({ tokens }) {
    const cas = wordOf(tokens, 'c')
    // CAS numbers start anew with the server, and then this connection is gone.
    return cas === '0' ? null : new Token(cas, this.#socket)
  }

  /**
   * Stores an item if the token still holds, which it can only do on the connection that it was taken on.
   * @param {MetaKey} key
   * @param {Token} token
   * @param {Buffer} value
   * @param {Buffer} flags
   * @param {number} ttl seconds, 0 for ever
   * @returns {Promise<boolean>}
   */
  async fill({ text, flag }, token, value, flags, ttl) {
    if (this.#socket === undefined || token.connection !== this.#socket) throw new TokenGone(GONE)
    const line = `ms ${text} ${value.length} C${token.text} T${ttl} F${flags.readUInt32BE()}${flag}\r\n`
    return this.#ask(Buffer.concat([Buffer.from(line, 'latin1'), value, CRLF]), ({ status, tokens }) => {
      if (!['HD', 'EX', 'NF', 'NS'].includes(status)) throw new MetaRefusal([status, ...tokens])
      return status === 'HD'
    })
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
   * @template T
   * @param {string | Buffer} request
   * @param {(answer: Answer) => T} read takes what the answer says
   * @param {() => Promise<T>} [otherwise] asks a server that doesn't know the command
   * @returns {Promise<T>}
   */
  #ask(request, read, otherwise) {
    return new Promise((resolve, reject) => {
      const socket = this.#connected()
      this.#waiting.push({ resolve, reject, read, otherwise, limit: this.#limits.begin(undefined) })
      if (typeof request === 'string') socket.write(request, 'latin1')
      else socket.write(request)
    })
  }

  #connected() {
    if (this.#socket === undefined) {
      const socket = net.connect(this.#where)
      this.#reach.watch(socket)
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
      this.#reader = new MetaReader((answer) => this.#answer(answer))
    }
    // An idle connection doesn't keep the process alive.
    this.#socket.ref()
    return this.#socket
  }

  /** @param {Buffer} data */
  #receive(data) {
    try {
      this.#reader?.push(data)
    } catch (error) {
      this.#fail(/** @type {Error} */ (error))
    }
  }

  /** @param {Answer} answer */
  #answer(answer) {
    const request = this.#waiting.shift()
    if (request === undefined) throw new Error('an answer that nobody asked for')
    this.#limits.end(request.limit)
    if (this.#waiting.length === 0) this.#socket?.unref()
    try {
      request.resolve(request.read(checked(answer)))
    } catch (error) {
      const isUnknown = error instanceof MetaRefusal && error.unknownCommand
      this.#unknown ||= isUnknown
      if (isUnknown && request.otherwise) request.resolve(request.otherwise())
      else request.reject(/** @type {Error} */ (error))
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
    this.#reach.note(error)
    this.#socket = undefined
    this.#unknown = false
    this.#waiting = []
    socket?.destroy()
    for (const request of waiting) {
      this.#limits.end(request.limit)
      request.reject(error)
    }
  }
}

/**
 * An answer that is none of the server's errors.
 * @param {Answer} answer
 */
function checked(answer) {
  if (/^(SERVER_|CLIENT_)?ERROR$/.test(answer.status))
    throw new MetaRefusal([answer.status, ...answer.tokens])
  return answer
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
  return tokens.includes('X') || isToken || isPlaceholder(value) ? null : item
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
 * A key as it is sent: as it is, or in base64 if it has bytes that the line can't hold. Its text may be too long for that.
 * @param {Key} key
 * @returns {MetaKey}
 */
function metaKey(key) {
  if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)) return { text: key, flag: '' }
  const bytes = Buffer.from(key)
  const plain = bytes.every((byte) => byte > 0x20 && byte !== 0x7f)
  return plain ? { text: bytes.toString('latin1'), flag: '' } : { text: bytes.toString('base64'), flag: ' b' }
}

/** @param {Buffer} value */
function isPlaceholder(value) {
  return value.length === PLACEHOLDER.length && value.equals(PLACEHOLDER)
}

exports.MetaConnection = MetaConnection
exports.MetaRefusal = MetaRefusal
exports.MetaTimeout = MetaTimeout
exports.GONE = GONE
exports.LEASE = LEASE
exports.PLACEHOLDER = PLACEHOLDER
exports.TokenGone = TokenGone
exports.isPlaceholder = isPlaceholder
exports.metaKey = metaKey
