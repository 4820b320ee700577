// Takes the bytes of a meta connection apart into answers.
'use strict'

// A line is a status and a few short tokens. Anything longer is no memcached.
const LONGEST_LINE = 2048

/**
 * @typedef {object} Answer
 * @property {string} status
 * @property {string[]} tokens
 * @property {Buffer} [value] of a VA
 */

class MetaReader {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0)
  /**
   * An answer whose value hasn't arrived whole, and the value's size.
   * @type {{ answer: Answer, size: number } | undefined}
   */
  #open;

  /**
   * The answers that are complete with these bytes.
   * @param {Buffer} data
   * @returns {Generator<Answer, void>}
   */
  *push(data) {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    for (let answer = this.#next(); answer !== undefined; answer = this.#next()) yield answer
  }

  /** @returns {Answer | undefined} */
  #next() {
    if (this.#open === undefined) {
      const answer = this.#line()
      if (answer?.status !== 'VA') return answer
      this.#open = { answer, size: sizeOf(answer) }
    }
    const { answer, size } = this.#open
    if (this.#rest.length < size + 2) return undefined
    // Copied, so that a small value doesn't keep a large read alive.
    answer.value = Buffer.from(this.#rest.subarray(0, size))
    if (this.#rest.toString('latin1', size, size + 2) !== '\r\n')
      throw new Error('a value is longer than told')
    this.#rest = this.#rest.subarray(size + 2)
    this.#open = undefined
    return answer
  }

  /** @returns {Answer | undefined} */
  #line() {
    const end = this.#rest.indexOf('\r\n')
    if (end === -1) {
      if (this.#rest.length > LONGEST_LINE) throw new Error('an endless answer')
      return undefined
    }
    const [status = '', ...tokens] = this.#rest.toString('latin1', 0, end).split(' ')
    this.#rest = this.#rest.subarray(end + 2)
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
