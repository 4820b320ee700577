// Tells that no connection to a node could be made from what went wrong on one that stood: the first opens the node's breaker at
// once, or says nothing of the node if it was for a reason of this process. Callers and clients keep the errors as they are,
// with the system's code in them, so what is known of an error is noted beside it.
'use strict'

/** @import { Socket } from 'node:net' */

/** What this process lacks itself. */
const LOCAL = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']

/** @type {WeakMap<object, 'unreachable' | 'unsent'>} */
const faults = new WeakMap()

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
    if (!this.failed) return
    // Of a name with several addresses, each has an error.
    const all = error instanceof AggregateError ? error.errors : [error]
    faults.set(error, all.every(({ code }) => LOCAL.includes(code)) ? 'unsent' : 'unreachable')
  }
}

/**
 * What to report of a request that failed since no connection could be made, so that nothing was sent. Nothing of others.
 * @param {unknown} error
 */
function connectingFault(error) {
  return error instanceof Error ? faults.get(error) : undefined
}

exports.Reach = Reach
exports.connectingFault = connectingFault
