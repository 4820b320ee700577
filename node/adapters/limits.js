// The time limits of requests that may all take equally long. One timer is enough for them, since the oldest ends first;
// one for each request would cost as much as everything else that an adapter does with it.
'use strict'

// What setTimeout can wait for.
const LONGEST_WAIT = 2 ** 31 - 1

/**
 * The limit of one request.
 * @template Waiting
 */
class Limit {
  /** By a clock that nobody sets. */
  began = performance.now()
  /** @type {Limit<Waiting> | null} */
  newer = null
  isOver = false

  /**
   * @param {Waiting} waiting
   * @param {Limit<Waiting> | null} older
   */
  constructor(waiting, older) {
    this.waiting = waiting
    this.older = older
  }
}

/** @template Waiting what stands for a request */
class Limits {
  #milliseconds
  #expire
  /** @type {Limit<Waiting> | null} */
  #oldest = null
  /** @type {Limit<Waiting> | null} */
  #newest = null
  #isTimed = false

  /**
   * @param {number} milliseconds
   * @param {(waiting: Waiting) => void} expire is called for each that does not end in time
   */
  constructor(milliseconds, expire) {
    this.#milliseconds = milliseconds
    this.#expire = expire
  }

  /** @param {Waiting} waiting */
  begin(waiting) {
    const limit = new Limit(waiting, this.#newest)
    if (this.#newest === null) this.#oldest = limit
    else this.#newest.newer = limit
    this.#newest = limit
    if (!this.#isTimed) this.#wait(this.#milliseconds)
    return limit
  }

  /**
   * A request has its answer. The timer is left alone: it finds out by itself what is left.
   * @param {Limit<Waiting>} limit
   */
  end(limit) {
    if (limit.isOver) return
    limit.isOver = true
    const { older, newer } = limit
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    // So that one which is kept for long doesn't keep all that came after it.
    limit.older = null
    limit.newer = null
  }

  /** @param {number} milliseconds */
  #wait(milliseconds) {
    this.#isTimed = true
    // Where the event loop was held up, timers come before what has arrived meanwhile: that is read first.
    const look = () => setImmediate(() => this.#look())
    // The connection on which an answer is awaited is what keeps the process alive.
    setTimeout(look, Math.min(milliseconds, LONGEST_WAIT)).unref()
  }

  #look() {
    this.#isTimed = false
    // A timer may be early by a part of a millisecond.
    const late = performance.now() - this.#milliseconds + 1
    for (let limit = this.#oldest; limit !== null && limit.began <= late; limit = this.#oldest) {
      this.end(limit)
      this.#expire(limit.waiting)
    }
    // Whoever was told may have begun another request, and with it the timer.
    if (this.#oldest !== null && !this.#isTimed) this.#wait(Math.max(this.#oldest.began - late, 1))
  }
}

exports.Limit = Limit
exports.Limits = Limits
