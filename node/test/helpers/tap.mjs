// Stands between a client and a real memcached: tells what passes and in which order, and disturbs it when asked to.
import { once } from 'node:events'
import net from 'node:net'
import { until } from './until.mjs'

const REQUEST = 0x80
const OPCODES = { 0: 'get', 1: 'set', 2: 'add', 3: 'replace', 4: 'delete', 7: 'quit', 28: 'touch' }

export class Tap {
  /** Called with each request's name before it is passed on, and waited for. */
  beforeRequest = async (_name, _connection) => {}
  /** Changes the bytes of an answer; undefined passes nothing on. */
  onAnswer = (bytes, _connection) => bytes
  /** Changes the bytes of a request; without any, nothing is passed on. */
  onRequest = (bytes, _connection) => bytes
  /** Connections that were made. */
  connections = 0
  /** Connections that are open. */
  open = new Set()
  #server
  #log
  #name
  #port
  #ownPort

  /**
   * @param {import('node:test').TestContext} t
   * @param {{ port: number }} target
   * @param {string} name in the log
   * @param {string[]} log
   */
  static async start(t, target, name = '', log = []) {
    const tap = new Tap()
    tap.#name = name
    tap.#log = log
    tap.#port = target.port
    tap.#server = net.createServer((client) => tap.#connect(client))
    tap.#server.listen(0, '127.0.0.1')
    await once(tap.#server, 'listening')
    tap.#ownPort = tap.#server.address().port
    t.after(() => tap.#stop())
    return tap
  }

  get address() {
    return `127.0.0.1:${this.#ownPort}`
  }

  /** Ends all connections and refuses others: the server goes on, but can't be reached. */
  async cut() {
    const closed = once(this.#server, 'close')
    this.#stop()
    await closed
  }

  /** It can be reached again. */
  async mend() {
    this.#server.listen(this.#ownPort, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Ends all connections. */
  drop() {
    for (const client of this.open) client.destroy()
  }

  #stop() {
    this.#server.close()
    this.drop()
  }

  #connect(client) {
    this.connections += 1
    this.open.add(client)
    const server = net.connect({ host: '127.0.0.1', port: this.#port })
    let passing = Promise.resolve()
    let closed = false
    const end = () => {
      closed = true
      this.open.delete(client)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    client.on('data', (bytes) => {
      const name = this.#nameOf(bytes)
      this.#log.push(`${this.#name} ${name}`)
      passing = passing
        .then(() => this.beforeRequest(name, client))
        .then(() => closed || server.write(this.onRequest(bytes, client)))
    })
    server.on('data', (bytes) => {
      const changed = this.onAnswer(bytes, client)
      if (changed === undefined || closed) return
      this.#log.push(`${this.#name} answer`)
      client.write(changed)
    })
  }

  /** The first command of what arrived at once; these tests send one at a time. */
  #nameOf(bytes) {
    return bytes[0] === REQUEST ? OPCODES[bytes[1]] : bytes.toString('latin1', 0, 2)
  }
}

/** Holds what arrives at a tap; gives what lets it go on, when something has arrived. */
export function hold(tap) {
  let waiting = false
  let go
  const gate = new Promise((resolve) => {
    go = resolve
  })
  tap.beforeRequest = () => {
    waiting = true
    return gate
  }
  return async () => {
    await until(() => waiting, 'a request arrives')
    return go
  }
}
