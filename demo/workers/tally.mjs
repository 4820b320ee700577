// What a worker counts between two reports, and which requests are under way.

/** The moment in microseconds of the monotonic clock, rounded down: the clock that Python's workers read too. */
export function micros() {
  return Number(process.hrtime.bigint() / 1000n)
}

export class Tally {
  #begin = micros()
  #counts = {}
  #reads = []
  #writes = []
  #events = []
  #failures = []
  /** The generation under which each lane's request began. */
  #running = new Map()

  count(name, amount = 1) {
    this.#counts[name] = (this.#counts[name] ?? 0) + amount
  }

  /** Something happened that is rare enough to be told with its moment. */
  event(name) {
    this.#events.push([name, micros()])
  }

  start(lane, generation) {
    this.#running.set(lane, generation)
  }

  /** The lane's request is over, whatever its result. */
  finish(lane) {
    this.#running.delete(lane)
    this.count('requests')
  }

  /** A read returned a value. */
  read(key, version, began, hit) {
    this.count('reads')
    this.count(hit ? 'hits' : 'misses')
    this.#reads.push([key, version, began, micros() - began])
  }

  /** A write completed: the origin has it, and every invalidation was acknowledged. */
  written(key, version, began) {
    this.#writes.push([key, version, began, micros() + 1])
  }

  failed(text) {
    this.#failures.push(text)
  }

  idle() {
    return this.#running.size === 0
  }

  /** Everything since the last time, as the fields of a report. */
  take(generation) {
    const end = micros()
    const taken = {
      begin: this.#begin,
      end,
      generation,
      drained: Math.min(generation, ...this.#running.values()),
      counts: this.#counts,
      reads: this.#reads,
      writes: this.#writes,
      events: this.#events,
      failures: this.#failures,
    }
    this.#begin = end
    this.#counts = {}
    this.#reads = []
    this.#writes = []
    this.#events = []
    this.#failures = []
    return taken
  }
}
