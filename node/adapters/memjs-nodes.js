// The connections of one client to all nodes, made when first needed.
'use strict'

/**
 * @import { Node, Router } from '../index.js'
 * @import { FilledOptions } from './memjs-options.js'
 */

const { RingshiftError } = require('../index.js')
const { MemjsNode } = require('./memjs-node.js')

class MemjsNodes {
  #router
  #options
  /**
   * By address: a node that is in two clusters has one connection.
   * @type {Map<string, MemjsNode>}
   */
  #nodes = new Map()
  #generation = -1
  /** @type {number | null} */
  #maxTtl = null
  #closed = false

  /**
   * @param {Router} router
   * @param {FilledOptions} options
   */
  constructor(router, options) {
    this.#router = router
    this.#options = options
  }

  get closed() {
    return this.#closed
  }

  /** The spec's of the generation that was adopted last, in seconds. */
  get maxTtl() {
    return this.#maxTtl
  }

  /**
   * The connections to a node.
   * @param {Node} node
   */
  of({ address }) {
    // What was under way when the client was closed must not open connections that nobody would close.
    if (this.#closed) throw new RingshiftError({ kind: 'closed', message: 'the client was closed' })
    let node = this.#nodes.get(address)
    if (node === undefined) {
      node = new MemjsNode(address, this.#options)
      this.#nodes.set(address, node)
    }
    return node
  }

  /**
   * With a new generation, ends the connections to nodes that have left the spec.
   * @param {number} generation
   */
  adopt(generation) {
    if (generation === this.#generation) return
    this.#generation = generation
    this.#maxTtl = this.#router.maxTtl
    const present = new Set(this.#router.nodes().map((node) => node.address))
    for (const [address, node] of this.#nodes) {
      if (present.has(address)) continue
      this.#nodes.delete(address)
      node.quit()
    }
  }

  quit() {
    this.#end((node) => node.quit())
  }

  close() {
    this.#end((node) => node.close())
  }

  /** @param {(node: MemjsNode) => void} how */
  #end(how) {
    this.#closed = true
    for (const node of this.#nodes.values()) how(node)
    this.#nodes.clear()
  }
}

exports.MemjsNodes = MemjsNodes
