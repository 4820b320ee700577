// Real memcached servers on loopback, each on a port that was free, stopped by their ids whatever happens.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { temporaryDirectory } from './temporary.mjs'
import { until } from './until.mjs'

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
// Also when the test process ends in a way that runs no hooks of tests. A stopped (SIGSTOP) one ends by it, too.
const killAll = () => {
  for (const child of running) child.kill('SIGKILL')
}
process.on('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    killAll()
    process.kill(process.pid, signal)
  })
}

class Memcached {
  #child
  #arguments
  port

  /** @param {string[]} more arguments */
  static async start(t, ...more) {
    const server = new Memcached()
    t.after(() => server.kill())
    const file = path.join(temporaryDirectory(t), 'port')
    await server.#spawn(['-l', '127.0.0.1', '-p', '-1', '-U', '0', ...more], {
      MEMCACHED_PORT_FILENAME: file,
    })
    await until(() => existsSync(file), 'memcached tells its port')
    server.port = Number(/TCP INET: (\d+)/.exec(readFileSync(file, 'utf8'))?.[1])
    server.#arguments = ['-l', '127.0.0.1', '-p', String(server.port), '-U', '0', ...more]
    return server
  }

  /** On a unix socket. */
  static async startAt(t, socket) {
    const server = new Memcached()
    t.after(() => server.kill())
    await server.#spawn(['-s', socket], {})
    await until(() => existsSync(socket), 'memcached makes its socket')
    return server
  }

  async #spawn(args, environment) {
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
    const child = spawn('memcached', [...args, ...user, '-m', '16', '-t', '1'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    await once(child, 'spawn')
  }

  get address() {
    return `127.0.0.1:${this.port}`
  }

  async kill() {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Comes back on the same port, empty. */
  async restart() {
    await this.kill()
    await this.#spawn(this.#arguments, {})
    await until(() => this.text('version').catch(() => false), 'memcached is back')
  }

  /** Stops without closing anything: connections stay, answers don't come. */
  async hang() {
    this.#child.kill('SIGSTOP')
    // It answers for as long as the signal is under way.
    await until(() => stateOf(this.#child.pid).startsWith('T'), 'memcached stops')
  }

  wakeUp() {
    this.#child.kill('SIGCONT')
  }

  /** Sends lines of the text protocol and gives the answer up to the last line's. */
  async text(...lines) {
    const socket = net.connect({ host: '127.0.0.1', port: this.port })
    socket.setTimeout(5000, () => socket.destroy(new Error('memcached does not answer')))
    socket.end(
      Buffer.concat(
        [...lines, 'mn'].map((line) => Buffer.concat([Buffer.from(line, 'latin1'), Buffer.from('\r\n')])),
      ),
    )
    const chunks = []
    for await (const chunk of socket) chunks.push(chunk)
    return Buffer.concat(chunks).toString('latin1')
  }

  /** What the server has under a key as it is on the wire: { value, ttl, flags }, or null; also for what stands in. */
  async item(key) {
    const answer = await this.text(`mg ${sent(key)} v t f`)
    const found = /^VA \d+ (?:b )?t(-?\d+) f(\d+)\r\n(.*)\r\nMN\r\n$/s.exec(answer)
    if (!found || found[3] === '\0ringshift:lease') return null
    return { value: found[3], ttl: Number(found[1]), flags: Number(found[2]) }
  }

  async value(key) {
    return (await this.item(key))?.value ?? null
  }

  /** Stores a value as other clients do: ttl in seconds, -1 for ever. */
  async put(key, value, { ttl = 0, flags = 0 } = {}) {
    const bytes = Buffer.from(value)
    const [name, ...base64] = sent(key).split(' ')
    const line = [`ms ${name} ${bytes.length}`, ...base64, `T${ttl} F${flags}`].join(' ')
    const answer = await this.text(line, bytes)
    if (!answer.startsWith('HD')) throw new Error(`memcached answered ${answer}`)
  }
}

/** A process' state as ps has it; T is stopped. */
function stateOf(pid) {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]
}

/** A key as the text protocol takes it. */
function sent(key) {
  const bytes = Buffer.from(key)
  return bytes.every((byte) => byte > 0x20 && byte !== 0x7f)
    ? bytes.toString('latin1')
    : `${bytes.toString('base64')} b`
}

/**
 * Starts servers for one test.
 * @param {import('node:test').TestContext} t
 * @param {number} count
 */
export function startServers(t, count) {
  return Promise.all(Array.from({ length: count }, () => Memcached.start(t)))
}

export const startServer = Memcached.start
export const startServerAt = Memcached.startAt
