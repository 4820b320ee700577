// Tells that no connection to a node could be made from what went wrong on one that stood: the first opens the node's breaker at
// once. Callers and clients keep the errors as they are, with the system's code in them, so what is known of an error is
// noted beside it.
'use strict'

/** @import { Socket } from 'node:net' */

/** What this process lacks itself: that says nothing about the node. */
const LOCAL = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']

/** @type {WeakSet<object>} */
const unreachable = new WeakSet()

/** Whether the last connection to a node that was tried ever stood. */
class Reach {
  /** @type {Socket | undefined} */
  #socket
  // Before the first is tried nothing speaks against the node.
  #stood = true

  /**
   * From now on it is about this socket, which is about to connect. TLS comes later: where that fails, the node was
   * reached.
   * @param {Socket} socket
   */
  watch(socket) {
    this.#socket = socket
    this.#stood = false
    socket.once('connect', () => {
      if (this.#socket === socket) this.#stood = true
    })
  }

  get failed() {
    return !this.#stood
  }

  /**
   * Notes it of an error, if no connection is what it comes from.
   * @param {NodeJS.ErrnoException} error of a request that needed the connection
   */
  note(error) {
    if (this.failed && !LOCAL.includes(error.code ?? '')) unreachable.add(error)
  }
}

/**
 * Whether a request failed since no connection could be made, so that nothing was sent.
 * @param {unknown} error
 */
function isUnreachable(error) {
  return error instanceof Error && unreachable.has(error)
}

exports.Reach = Reach
exports.isUnreachable = isUnreachable
