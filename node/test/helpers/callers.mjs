// Callers that read and write through one client while a node fails, and what they are promised: no read fails, none is older
// than the newest write that had ended before it began, be it lost, and keys of other nodes come from the cache all the time.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidationLostError } from 'ringshift'
import { until } from './until.mjs'

export const READERS = 6
const WRITERS = 2
// Milliseconds between two calls of one caller.
const READ_PAUSE = 1
const WRITE_PAUSE = 5

/** Of each kind, on each node. */
const KEYS = 20

export class Callers {
  /** How many milliseconds each call took. */
  reads = []
  writes = []
  /** Writes that touched the node that fails and were lost. */
  lost = 0
  #client
  #faulty
  /** Keys that are read at the node that fails, and those that are removed there. */
  #readThere = new Set()
  #removedThere = new Set()
  /** Keys that nobody writes: whoever has them has them until the node goes. */
  #still
  #written
  /** What the database has: the version of each key that is written. */
  #origin
  /** The newest version of which the write has ended. A process that lost it does not read an older one either. */
  #ended
  /** Keys whose last write was lost, with their version. */
  #owing = new Map()
  #repeats
  #running = []
  #ending = false
  #failure

  /**
   * @param {string} faulty the id of the node that is to fail
   * @param {boolean} repeats whether a key whose write was lost is written again
   */
  constructor(router, client, faulty, repeats) {
    this.#client = client
    this.#faulty = router.nodes().find(({ id }) => id === faulty)
    this.#repeats = repeats
    this.#still = this.#keys(router, 'still')
    this.#written = this.#keys(router, 'written')
    this.#origin = new Map(this.#written.map((key) => [key, 0]))
    this.#ended = new Map(this.#origin)
  }

  /** As many of each node, one node's behind another's. */
  #keys(router, kind) {
    const of = new Map(router.nodes().map(({ id }) => [id, []]))
    for (let number = 0; [...of.values()].some((keys) => keys.length < KEYS); number++) {
      const key = `${kind}:${number}`
      const { read, invalidate } = router.route(key)
      if (of.get(read.node.id).length < KEYS) of.get(read.node.id).push(key)
      if (read.node.id === this.#faulty.id) this.#readThere.add(key)
      if (invalidate.some(({ id }) => id === this.#faulty.id)) this.#removedThere.add(key)
    }
    return [...of.values()].flat()
  }

  /** Has every key in the cache that is to be there, and begins. */
  async start() {
    for (const key of this.#still) await this.#client.getOrLoad(key, () => valueFor(key))
    const loops = [
      ...Array.from({ length: READERS }, (_, number) => this.#loop(READ_PAUSE, number, this.#read)),
      ...Array.from({ length: WRITERS }, (_, number) => this.#loop(WRITE_PAUSE, number, this.#write)),
    ]
    this.#running = loops.map((loop) =>
      loop.catch((error) => {
        this.#failure ??= error
      }),
    )
  }

  /** Keys whose last write was lost, with the version that it had. */
  get owing() {
    return new Map(this.#owing)
  }

  /** Waits until there were so many more reads. */
  async more(reads) {
    const enough = this.reads.length + reads
    await this.until(() => this.reads.length >= enough, `${reads} more reads`)
  }

  /** Waits for something, and fails as soon as a caller does. */
  async until(condition, what) {
    await until(() => {
      if (this.#failure) throw this.#failure
      return condition()
    }, what)
  }

  /** Ends the callers, sends lost invalidations again if they do, and looks at every key once more. */
  async end() {
    this.#ending = true
    await Promise.all(this.#running)
    if (this.#failure) throw this.#failure
    for (const key of this.#repeats ? this.#owing.keys() : []) {
      const sent = () =>
        this.#client.invalidate(key).then(
          () => true,
          () => false,
        )
      await until(sent, 'what was lost is sent again')
    }
    for (const [key, version] of this.#origin) {
      assert.equal(await this.#client.getOrLoad(key, () => String(version)), String(version), key)
    }
    // Every node is used as before, if not by the first request: one connection may still wait for a lost answer.
    for (const key of [...this.#still, ...this.#written]) {
      const isBack = async () => {
        await this.#client.getOrLoad(key, () => String(this.#origin.get(key) ?? valueFor(key)))
        return (await this.#client.get(key)) !== null
      }
      await until(isBack, `${key} is in the cache again`)
    }
  }

  async #loop(pause, number, call) {
    for (let turn = number; !this.#ending; turn += WRITERS * READERS + 1) {
      await call.call(this, turn, number)
      await sleep(pause)
    }
  }

  async #read(turn, number) {
    const key = at(turn % 2 === 0 ? this.#still : this.#written, turn >> 1)
    const began = performance.now()
    if (key.startsWith('still')) await this.#readStill(key, number)
    else await this.#readWritten(key)
    this.reads.push(performance.now() - began)
  }

  /** By either command, as they may go by different connections. */
  async #readStill(key, number) {
    let loads = 0
    const load = () => {
      loads += 1
      return valueFor(key)
    }
    const found = number % 2 === 0 ? await this.#client.get(key) : await this.#client.getOrLoad(key, load)
    if (found === null && this.#readThere.has(key)) return
    assert.equal(found, valueFor(key))
    assert.ok(loads === 0 || this.#readThere.has(key), `${key} is of another node, and was not in the cache`)
  }

  async #readWritten(key) {
    const ended = this.#ended.get(key)
    const found = await this.#client.getOrLoad(key, () => String(this.#origin.get(key)))
    assert.ok(Number(found) >= ended, `${key} was read as ${found} after the write of ${ended} had ended`)
  }

  /** Each key has one writer, so its versions follow one another. */
  async #write(turn, number) {
    const mine = this.#written.filter((_, position) => position % WRITERS === number)
    const key = at(mine, turn)
    if (!this.#repeats && this.#owing.has(key)) return
    const version = this.#origin.get(key) + 1
    this.#origin.set(key, version)
    const began = performance.now()
    const error = await this.#client.invalidate(key).catch((caught) => caught)
    this.writes.push(performance.now() - began)
    this.#ended.set(key, version)
    if (error === undefined) {
      this.#owing.delete(key)
      return
    }
    assert.ok(error instanceof InvalidationLostError && this.#removedThere.has(key), error)
    const lost = [error.cluster, error.node.id, error.key, error.lost.length]
    assert.deepEqual(lost, [this.#faulty.cluster, this.#faulty.id, key, 1])
    this.lost += 1
    this.#owing.set(key, version)
  }
}

const at = (keys, position) => keys[position % keys.length]
const valueFor = (key) => `value of ${key}`
