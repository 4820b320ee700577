// memjs' connection to one server, made safe to rely on. What memjs 1.3 does when a connection breaks, and what
// is done here instead:
//
// - Requests that wait when the server closes the connection are never answered: here they fail.
// - Half an answer stays in the buffer and is read as the start of the next connection's first: here it goes.
// - A connection that was given up is not closed, and its late events hit the new one: here it is closed, and
//   only the connection in use is listened to.
// - That there never was a connection is not told from the loss of one: here it is noted of the error.
// - The timeout is that of an idle socket, which every further request puts off: here each call has its own, and
//   memjs' own is only kept where it is what begins another try.
'use strict'

/** @import { Socket } from 'node:net' */

const { Server } = require('memjs')
const { Reach } = require('./reach.js')

class NodeTimeout extends Error {}

class NodeServer extends Server {
  /** @type {Socket | undefined} */
  #current
  reach = new Reach()

  /**
   * @override
   * @param {boolean} sasl
   * @param {(socket: Socket) => void} go
   */
  sock(sasl, go) {
    const before = this._socket
    super.sock(sasl, go)
    if (this._socket !== undefined && this._socket !== before) this.#adopt(this._socket)
  }

  /**
   * @override
   * @param {Buffer} request
   */
  write(request) {
    if (this.options.retries > 1) super.write(request)
    else this.sock(false, (socket) => socket.write(request))
  }

  /**
   * Copies nothing, as memjs does, where no part of an answer is left from before.
   * @override
   * @param {Buffer} data
   */
  appendToBuffer(data) {
    const { responseBuffer } = /** @type {Server} */ (this)
    if (responseBuffer.length > 0) return super.appendToBuffer(data)
    this.responseBuffer = data
    return data
  }

  /** The connection in use, to tell one from another. */
  get connection() {
    return this.#current
  }

  /** @param {Socket} socket */
  #adopt(socket) {
    this.#current = socket
    this.reach.watch(socket)
    const lost = (/** @type {Error} */ error) => {
      if (this.#current === socket) this.error(error)
    }
    socket.removeAllListeners('error').on('error', lost)
    socket.removeAllListeners('close').on('close', () => lost(new Error('the connection was closed')))
    socket.setNoDelay(true)
  }

  /**
   * @override
   * @param {Error | string} error
   */
  error(error) {
    const socket = this.#current
    this.#current = undefined
    socket?.destroy()
    this._socket = undefined
    this.connected = false
    this.responseBuffer = Buffer.alloc(0)
    const known = error instanceof Error ? error : new Error(String(error))
    this.reach.note(known)
    super.error(known)
  }
}

exports.NodeServer = NodeServer
exports.NodeTimeout = NodeTimeout
