// Concurrent loads of one key are one load, without giving anybody a value that is too old.
//
// Whoever comes while a load runs may have begun after a write that the load did not see. So its value is shared only
// with those who had come before the load began, and, if a node accepted its fill, with those who came before the
// fill was sent: had a write been completed in between, its invalidation would have defeated the fill. All others load
// again, as one. docs/migration.md has the whole rule.
'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { wrongType } = require('../lib/errors.js')

/** @template T */
class Load {
  began = -1
  /** Settles when it is over; never rejects. */
  done
  /** @type {() => void} */
  finish = () => {}
  /** @type {T | null} */
  result = null
  accepted = false
  /** @type {{ error: unknown } | null} */
  failed = null
  leads = false
  /** @type {Load<T> | null} */
  #next = null

  constructor() {
    /** @type {Promise<void>} */
    this.done = new Promise((resolve) => {
      this.finish = resolve
    })
  }

  /**
   * Whether it is good for somebody who joined it before its fill was sent.
   * @param {number} arrived
   */
  mayBeSharedWith(arrived) {
    return this.accepted || this.began > arrived
  }

  /** The load of all those with whom this one may not be shared. */
  get next() {
    this.#next ??= new Load()
    return this.#next
  }
}

/**
 * Which loads the code that runs is part of.
 * @type {AsyncLocalStorage<readonly Load<any>[]>}
 */
const within = new AsyncLocalStorage()

/**
 * Before anything is sent, not only after a miss.
 * @param {unknown} load
 */
function checkLoad(load) {
  if (typeof load !== 'function') throw wrongType('load is a function that asks the origin')
}

/** @template T what is loaded */
class Loads {
  /** @type {Map<string, Load<T>>} */
  #running = new Map()
  #clock = 0

  /** To be asked when a read begins. */
  arrive() {
    return this.#clock++
  }

  /**
   * Loads, or waits for somebody else who does.
   * @param {string} key what is loaded
   * @param {number} arrived what `arrive` gave when the read began
   * @param {() => Promise<T | null>} load asks the origin
   * @param {(loaded: T) => Promise<boolean>} fill stores it by the tokens of this read; whether it was accepted
   * @returns {Promise<T | null>}
   */
  async run(key, arrived, load, fill) {
    let mine = this.#running.get(key) ?? new Load()
    const outer = within.getStore() ?? []
    while (mine.leads) {
      // A load that asks for its own key would wait for itself.
      if (outer.includes(mine)) return load()
      await mine.done
      if (mine.mayBeSharedWith(arrived)) {
        if (mine.failed) throw mine.failed.error
        return mine.result
      }
      mine = mine.next
    }
    mine.leads = true
    mine.began = this.#clock++
    this.#running.set(key, mine)
    try {
      mine.result = await within.run([...outer, mine], load)
      this.#close(key, mine)
      mine.accepted = mine.result !== null && (await fill(mine.result))
    } catch (error) {
      mine.failed = { error }
      throw error
    } finally {
      this.#close(key, mine)
      mine.finish()
    }
    return mine.result
  }

  /**
   * Nobody can join any more.
   * @param {string} key
   * @param {Load<T>} load
   */
  #close(key, load) {
    if (this.#running.get(key) === load) this.#running.delete(key)
  }
}

exports.Loads = Loads
exports.checkLoad = checkLoad
