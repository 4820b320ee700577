// Both adapters behind one set of calls, for what is tested of each of them in the same way.
import { Redis } from 'ringshift/adapters/ioredis'
import { Client } from 'ringshift/adapters/memjs'
import { startServer } from './memcached.mjs'
import { startRedis } from './redis.mjs'

const BINARY_REQUEST = 0x80
const BINARY_GET = 0
const BINARY_HEADER = 24

class Memjs {
  static start = startServer
  #client

  /** @param {number} timeout milliseconds */
  constructor(router, timeout) {
    this.#client = new Client(router, { timeout: timeout / 1000 })
  }

  async get(key) {
    return (await this.#client.get(key)).value?.toString() ?? null
  }

  async getOrLoad(key, load) {
    return (await this.#client.getOrLoad(key, load)).toString()
  }

  async getMany(keys) {
    const values = await this.#client.getMany(keys)
    return keys.map((key) => values.get(key)?.value.toString() ?? null)
  }

  /** What else asks for one key, by name. */
  others(key) {
    return { touch: () => this.#client.touch(key, 60) }
  }

  invalidate(key) {
    return this.#client.invalidate(key)
  }

  quit() {
    this.#client.quit()
  }

  close() {
    this.#client.close()
  }

  /** How many reads begin in what was sent in one go. */
  static readsIn(bytes) {
    if (bytes[0] !== BINARY_REQUEST) return bytes.toString('latin1').match(/^mg /gm)?.length ?? 0
    let reads = 0
    for (let at = 0; at + BINARY_HEADER <= bytes.length; at += BINARY_HEADER + bytes.readUInt32BE(at + 8)) {
      if (bytes[at + 1] === BINARY_GET) reads += 1
    }
    return reads
  }
}

class Ioredis {
  static start = startRedis
  #client

  /** @param {number} timeout milliseconds */
  constructor(router, timeout) {
    this.#client = new Redis(router, { commandTimeout: timeout, connectTimeout: timeout })
  }

  get(key) {
    return this.#client.get(key)
  }

  getOrLoad(key, load) {
    return this.#client.getOrLoad(key, load)
  }

  getMany(keys) {
    return this.#client.mget(keys)
  }

  /** What else asks for one key, by name. */
  others(key) {
    const client = this.#client
    return {
      exists: () => client.exists(key),
      ttl: () => client.ttl(key),
      pttl: () => client.pttl(key),
      expire: () => client.expire(key, 60),
      pexpire: () => client.pexpire(key, 60_000),
    }
  }

  invalidate(key) {
    return this.#client.invalidate(key)
  }

  quit() {
    this.#client.quit()
  }

  close() {
    this.#client.disconnect()
  }

  /** How many reads begin in what was sent in one go. */
  static readsIn(bytes) {
    return bytes.toString('latin1').match(/^GET\r$/gm)?.length ?? 0
  }
}

/** By name: how a server is started, a client made, and reads are counted. */
export const ADAPTERS = { memjs: Memjs, ioredis: Ioredis }
