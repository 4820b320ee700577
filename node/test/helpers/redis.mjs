// Real Redis servers on loopback, stopped by their ids whatever happens.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { until } from './until.mjs'

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

class RedisServer {
  #child
  #more
  port

  /** @param {string[]} more arguments */
  static async start(t, ...more) {
    const server = new RedisServer()
    t.after(() => server.kill())
    server.#more = more
    server.port = await freePort()
    await server.#spawn()
    return server
  }

  async #spawn() {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...args, ...this.#more], { stdio: 'ignore' })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    await once(child, 'spawn')
    await until(() => this.run('PING').catch(() => null), 'Redis answers')
  }

  get address() {
    return `127.0.0.1:${this.port}`
  }

  /** The answer to one command: a Buffer, a number, null or an Error. */
  async run(...words) {
    const socket = net.connect({ host: '127.0.0.1', port: this.port })
    const parts = words.map((word) => Buffer.from(String(word), 'latin1'))
    socket.write(`*${parts.length}\r\n`)
    for (const part of parts)
      socket.write(Buffer.concat([Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]))
    const chunks = []
    for await (const chunk of socket) {
      chunks.push(chunk)
      const answer = parsed(Buffer.concat(chunks))
      if (answer === undefined) continue
      socket.destroy()
      return answer
    }
    throw new Error('Redis closed the connection')
  }

  /** The value of a key, null too if there is only a lease. */
  async value(key) {
    const value = await this.run('GET', key)
    return value === null || value.toString('latin1').startsWith('\0ringshift:lease:')
      ? null
      : value.toString('latin1')
  }

  async kill() {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Comes back on the same port, empty unless it was told to keep a file. */
  async restart() {
    await this.kill()
    await this.#spawn()
  }

  hang() {
    this.#child.kill('SIGSTOP')
  }

  wakeUp() {
    this.#child.kill('SIGCONT')
  }
}

/** One whole reply, undefined if more is to come. */
function parsed(bytes) {
  const end = bytes.indexOf('\r\n')
  if (end === -1) return undefined
  const rest = bytes.toString('latin1', 1, end)
  switch (bytes.toString('latin1', 0, 1)) {
    case '+':
      return Buffer.from(rest)
    case '-':
      return new Error(rest)
    case ':':
      return Number(rest)
    default: {
      const length = Number(rest)
      if (length === -1) return null
      return bytes.length < end + 4 + length ? undefined : bytes.subarray(end + 2, end + 2 + length)
    }
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

export const startRedis = RedisServer.start
export const startRedises = (t, count) =>
  Promise.all(Array.from({ length: count }, () => RedisServer.start(t)))
