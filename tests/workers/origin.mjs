// The client of an origin: `get KEY` and `put KEY`, a line each way, on one connection.
import net from 'node:net'

export class Origin {
  #where
  #socket
  #rest = Buffer.alloc(0)
  #waiting = []

  /** @param {string} where host:port */
  constructor(where) {
    const [host, port] = where.split(':')
    this.#where = { host, port: Number(port) }
  }

  /** The value of a key, or null. */
  async load(key) {
    const value = await this.#ask(Buffer.concat([Buffer.from('get '), key]))
    return value.length === 0 ? null : value
  }

  /** Writes the next version, and gives its number. */
  async put(key) {
    return Number(await this.#ask(Buffer.concat([Buffer.from('put '), key])))
  }

  #ask(line) {
    this.#socket ??= this.#connect()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(Buffer.concat([line, Buffer.from('\n')]))
    })
  }

  #connect() {
    const socket = net.connect(this.#where)
    socket.setNoDelay(true)
    socket.on('data', (data) => {
      this.#rest = Buffer.concat([this.#rest, data])
      for (let end = this.#rest.indexOf('\n'); end !== -1; end = this.#rest.indexOf('\n')) {
        this.#waiting.shift().resolve(Buffer.from(this.#rest.subarray(0, end)))
        this.#rest = this.#rest.subarray(end + 1)
      }
    })
    const lost = (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
    socket.on('error', lost).on('close', () => lost(new Error('the origin closed the connection')))
    return socket
  }
}
