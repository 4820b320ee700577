// A connection to the origin (see demo/origin.py): one request at a time.
import net from 'node:net'

export class OriginClient {
  #socket
  #rest = ''
  /** @type {{resolve: (answer: string) => void, reject: (error: Error) => void} | undefined} */
  #waiting

  constructor(path) {
    this.#socket = net.connect(path)
    this.#socket.setEncoding('utf8')
    this.#socket.on('data', (data) => this.#receive(data))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the origin closed the connection')))
  }

  /** The bytes to cache for a key: version and value. */
  read(key) {
    return this.#ask('get', key)
  }

  /** The same, without the store's cost. */
  fill(key) {
    return this.#ask('fill', key)
  }

  /** Writes a new value and gives its version. */
  async write(key) {
    return Number(await this.#ask('put', key))
  }

  close() {
    this.#socket.end()
  }

  #ask(verb, key) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(`${verb} ${key}\n`)
    })
  }

  #receive(data) {
    this.#rest += data
    const end = this.#rest.indexOf('\n')
    if (end === -1) return
    const answer = this.#rest.slice(0, end)
    this.#rest = this.#rest.slice(end + 1)
    this.#waiting?.resolve(answer)
  }
}

/** The version that a value carries. */
export function versionOf(value) {
  return Number.parseInt(value.toString('latin1'), 10)
}
