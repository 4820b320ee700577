// Readers and writers of random keys, which write down what they saw.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import ringshift from '../../node/index.js'

/** A small generator of numbers from 0 to 1, the same for the same seed. */
function chanceOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The operations of one `run` call, by tasks that begin at once. */
export class Run {
  #facade
  #origin
  #call
  #counts = { reads: 0, writes: 0, loads: 0, lost: 0, errors: 0 }
  #lines = []
  #left
  #stopping = false
  #tasks

  constructor(facade, origin, call) {
    this.#facade = facade
    this.#origin = origin
    this.#call = call
    this.#left = call.reads
    this.#tasks = Array.from({ length: call.threads }, (_, number) => this.#work(call.seed * 1000 + number))
  }

  /** Waits for the tasks, and writes the trace. */
  async finish() {
    await Promise.all(this.#tasks)
    appendFileSync(this.#call.trace, this.#lines.join(''))
    return this.#counts
  }

  stop() {
    this.#stopping = true
    return this.finish()
  }

  async #work(seed) {
    const chance = chanceOf(seed)
    while (!this.#stopping) {
      const key = `key:${Math.floor(chance() * this.#call.keys)}`
      if (chance() < this.#call.writes) await this.#write(key)
      else if (this.#left-- > 0) await this.#read(key)
      else return
      // Other tasks of the process, and what it is told, have their turn.
      await new Promise(setImmediate)
    }
  }

  async #read(key) {
    const wire = Buffer.from(key)
    const began = process.hrtime.bigint()
    try {
      const value = await (this.#call.mode === 'untokened' ? this.#untokened(wire) : this.#whole(wire))
      const version = value === null ? 0 : Number.parseInt(value.toString(), 10)
      this.#note('reads', `r ${key} ${began} ${version}\n`)
    } catch (error) {
      console.error(error)
      this.#note('errors')
    }
  }

  #whole(key) {
    return this.#facade.getOrLoad(key, () => this.#load(key), this.#call.expire)
  }

  async #untokened(key) {
    const cached = await this.#facade.get(key)
    if (cached !== null) return cached
    const value = await this.#load(key)
    if (value !== null) await this.#facade.store('add', key, value, this.#call.expire)
    return value
  }

  #load(key) {
    this.#note('loads')
    return this.#origin.load(key)
  }

  async #write(key) {
    const wire = Buffer.from(key)
    const version = await this.#origin.put(wire)
    for (;;) {
      try {
        await this.#facade.invalidate(wire)
        break
      } catch (error) {
        if (!(error instanceof ringshift.InvalidationLostError)) throw error
        this.#note('lost')
        // Not completed, so nobody may rely on it.
        if (this.#stopping) return
        await sleep(10)
      }
    }
    this.#note('writes', `w ${key} ${process.hrtime.bigint()} ${version}\n`)
  }

  #note(name, line) {
    this.#counts[name] += 1
    if (line !== undefined) this.#lines.push(line)
  }
}
