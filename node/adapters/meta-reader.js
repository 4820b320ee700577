// Takes the bytes of a meta connection apart into answers.
'use strict'

// A line is a status and a few short tokens. Anything longer is no memcached.
const LONGEST_LINE = 2048
const NOTHING = Buffer.alloc(0)
const [CR, LF] = [0x0d, 0x0a]

/**
 * @typedef {object} Answer
 * @property {string} status
 * @property {string[]} tokens
 * @property {Buffer} [value] of a VA
 */

class MetaReader {
  #take
  /** @type {Buffer} */
  #rest = NOTHING
  /** How much of the rest is taken. */
  #at = 0
  /**
   * An answer whose value hasn't arrived whole, and the value's size.
   * @type {Answer | undefined}
   */
  #open
  #size = 0

  /** @param {(answer: Answer) => void} take is called for each answer as soon as it is complete */
  constructor(take) {
    this.#take = take
  }

  /** @param {Buffer} data */
  push(data) {
    const isEmpty = this.#at === this.#rest.length
    this.#rest = isEmpty ? data : Buffer.concat([this.#rest.subarray(this.#at), data])
    this.#at = 0
    for (let answer = this.#next(); answer !== undefined; answer = this.#next()) this.#take(answer)
    if (this.#at === this.#rest.length) this.#rest = NOTHING
    if (this.#rest === NOTHING) this.#at = 0
  }

  /** @returns {Answer | undefined} */
  #next() {
    if (this.#open === undefined) {
      const answer = this.#line()
      if (answer?.status !== 'VA') return answer
      this.#open = answer
      this.#size = sizeOf(answer)
    }
    const answer = this.#open
    const end = this.#at + this.#size
    if (this.#rest.length < end + 2) return undefined
    // Copied, so that a small value doesn't keep a large read alive.
    answer.value = Buffer.allocUnsafe(this.#size)
    this.#rest.copy(answer.value, 0, this.#at, end)
    if (this.#rest[end] !== CR || this.#rest[end + 1] !== LF) throw new Error('a value is longer than told')
    this.#at = end + 2
    this.#open = undefined
    return answer
  }

  /** @returns {Answer | undefined} */
  #line() {
    const end = this.#rest.indexOf('\r\n', this.#at)
    if (end === -1) {
      if (this.#rest.length - this.#at > LONGEST_LINE) throw new Error('an endless answer')
      return undefined
    }
    const [status = '', ...tokens] = this.#rest.toString('latin1', this.#at, end).split(' ')
    this.#at = end + 2
    return { status, tokens }
  }
}

/** @param {Answer} answer */
function sizeOf({ tokens }) {
  const size = Number(tokens.shift())
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('a value without a size')
  return size
}

exports.MetaReader = MetaReader
