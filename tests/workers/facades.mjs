// The adapters behind one set of calls. Keys and values are Buffers.
import ioredis from '../../node/adapters/ioredis.js'
import memjs from '../../node/adapters/memjs.js'

class Memjs {
  #client

  constructor(router, milliseconds) {
    this.#client = new memjs.Client(router, { timeout: milliseconds / 1000 })
  }

  async get(key) {
    return (await this.#client.get(key)).value
  }

  async getMany(keys) {
    const found = await this.#client.getMany(keys)
    return keys.map((key) => found.get(key)?.value ?? null)
  }

  store(how, key, value, expires) {
    return this.#client[how](key, value, { expires })
  }

  touch(key, expires) {
    return this.#client.touch(key, expires)
  }

  delete(key) {
    return this.#client.delete(key)
  }

  invalidate(key) {
    return this.#client.invalidate(key)
  }

  async incr(key, amount) {
    const { success, value } = await this.#client.increment(key, amount)
    return success ? Number(value) : null
  }

  getOrLoad(key, load, expires) {
    return this.#client.getOrLoad(key, load, { expires })
  }
}

class Ioredis {
  #client

  constructor(router, milliseconds) {
    this.#client = new ioredis.Redis(router, { connectTimeout: milliseconds, commandTimeout: milliseconds })
  }

  get(key) {
    return this.#client.getBuffer(key)
  }

  getMany(keys) {
    return this.#client.mgetBuffer(keys)
  }

  async store(how, key, value, expire) {
    const condition = { add: ['NX'], replace: ['XX'] }[how] ?? []
    const life = expire === 0 ? [] : ['EX', expire]
    return (await this.#client.set(key, value, ...life, ...condition)) === 'OK'
  }

  async touch(key, expire) {
    return (await this.#client.expire(key, expire)) === 1
  }

  async delete(key) {
    return (await this.#client.del(key)) === 1
  }

  invalidate(key) {
    return this.#client.invalidate(key)
  }

  incr(key, amount) {
    return this.#client.incrby(key, amount)
  }

  getOrLoad(key, load, expire) {
    return this.#client.getOrLoadBuffer(key, load, expire === 0 ? {} : { expire })
  }
}

export const FACADES = {
  memjs: (router, milliseconds) => new Memjs(router, milliseconds),
  ioredis: (router, milliseconds) => new Ioredis(router, milliseconds),
}
