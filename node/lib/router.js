// The router: answers routes from the spec in force, and takes up a new spec while it serves.
'use strict'

/**
 * @import { Op, Outcome, RouterOptions } from '../index.js'
 * @import { RouterHandle } from './addon.js'
 * @typedef {string | Uint8Array} Key
 */

const { isUint8Array, isUint32Array } = require('node:util/types')
const { RingshiftError, checked, wrongType } = require('./errors.js')
const { NOWHERE, cell, indices, numberOf, packed, slots } = require('./lookup.js')
const { parseMetrics } = require('./metrics.js')
const native = require('./native.js')
const { checkKeys, checkOptions, checkOut, checkPath, checkText } = require('./options.js')
const { Node, Route, Target } = require('./route.js')
const { watch } = require('./watcher.js')

const { NO_NODE } = native

// Only the static methods make routers.
const MAKE = Symbol('make')

class Router {
  /** @type {RouterHandle} */
  #handle
  /** By which the functions that look keys up know this router. */
  #number
  /**
   * By slot.
   * @type {Route[]}
   */
  #routes = []
  /** @type {Node[]} */
  #nodes = []
  /** @type {string | null} */
  #region
  #stop = () => {}

  /**
   * @param {symbol} make
   * @param {RouterHandle} handle
   * @param {ReturnType<typeof checkOptions>} options
   */
  constructor(make, handle, options) {
    if (make !== MAKE) throw wrongType('a router is made by Router.open or Router.fromSpec')
    const { region, watch: interval } = options
    this.#handle = handle
    this.#number = numberOf(handle)
    this.#region = region ?? null
    if (interval !== undefined) this.#stop = watch(this, interval)
  }

  /**
   * @param {string} path
   * @param {RouterOptions} [options]
   */
  static open(path, options) {
    const using = checkOptions(options)
    const handle = checked(native.open(checkPath(path, 'the path'), using.region, using.lastGood))
    return new Router(MAKE, handle, using)
  }

  /**
   * @param {string | Uint8Array} text
   * @param {RouterOptions} [options]
   */
  static fromSpec(text, options) {
    const using = checkOptions(options)
    const handle = checked(native.fromSpec(checkText(text), using.region, using.lastGood))
    return new Router(MAKE, handle, using)
  }

  /**
   * @param {Key} key
   * @returns {Route}
   */
  route(key) {
    cell[0] = this.#number
    slots(key)
    const slot = /** @type {number} */ (cell[0])
    return slot >= 0 ? /** @type {Route} */ (this.#routes[slot]) : this.#describe(key)
  }

  /**
   * The route of a key that has no object yet, or the reason why there is none.
   * @param {Key} key
   */
  #describe(key) {
    if (typeof key !== 'string' && !isUint8Array(key)) throw wrongType('a key is a string or a Uint8Array')
    const parts = checked(this.#handle.describe(key))
    if (parts.reset) this.#routes = []
    const route = new Route(parts, (index) => this.#node(index))
    this.#routes[parts.slot] = route
    return route
  }

  /** @param {number} index */
  #node(index) {
    const known = this.#nodes[index]
    if (known !== undefined) return known
    const node = new Node(checked(this.#handle.node(index)))
    this.#nodes[index] = node
    return node
  }

  /** @param {Iterable<Key>} keys */
  routeMany(keys) {
    return checkKeys(keys).map((key) => this.route(key))
  }

  /**
   * @param {Iterable<Key>} keys
   * @param {Uint32Array} [out]
   */
  indexMany(keys, out) {
    const list = checkKeys(keys)
    const found = checkOut(out, list.length)
    for (let position = 0; position < list.length; position++) {
      const key = /** @type {Key} */ (list[position])
      cell[0] = this.#number
      indices(key)
      const index = /** @type {number} */ (cell[0])
      if (index < NOWHERE) this.#refuse(key, position)
      // NOWHERE becomes NO_NODE.
      found[position] = index
    }
    return found
  }

  /**
   * Says why a key among many has no index.
   * @param {Key} key
   * @param {number} position
   * @returns {never}
   */
  #refuse(key, position) {
    const where = `keys[${position}]: `
    if (typeof key !== 'string' && !isUint8Array(key)) {
      throw wrongType(`${where}a key is a string or a Uint8Array`)
    }
    const failure = this.#handle.refused(key)
    const message = failure.kind === 'invalid_key' || failure.kind === 'invalid_argument' ? where : ''
    throw new RingshiftError({ ...failure, message: `${message}${failure.message}` })
  }

  /**
   * @param {Uint8Array} bytes
   * @param {Uint32Array} offsets
   * @param {Uint32Array} [out]
   */
  indexPacked(bytes, offsets, out) {
    if (!isUint8Array(bytes)) throw wrongType('bytes is a Uint8Array')
    if (!isUint32Array(offsets)) throw wrongType('offsets is a Uint32Array')
    const found = checkOut(out, Math.max(offsets.length - 1, 0))
    cell[0] = this.#number
    packed(bytes, offsets, found)
    if (/** @type {number} */ (cell[0]) < 0) checked(this.#handle.refusedPacked(bytes, offsets, found))
    return found
  }

  /** @param {Iterable<Key>} keys */
  groupByNode(keys) {
    /** @type {Map<Node | null, number[]>} */
    const groups = new Map()
    let position = 0
    for (const key of keys) {
      const node = this.route(key).read?.node ?? null
      const group = groups.get(node)
      if (group === undefined) groups.set(node, [position])
      else group.push(position)
      position += 1
    }
    return groups
  }

  /**
   * @param {Node | Target} nodeOrTarget
   * @param {Outcome} outcome
   * @param {Op} [op]
   */
  report(nodeOrTarget, outcome, op = 'read') {
    const node = nodeOrTarget instanceof Target ? nodeOrTarget.node : nodeOrTarget
    if (!(node instanceof Node)) throw wrongType('report wants a node or target of one of its routes')
    if (this.#nodes[node.index] !== node) {
      this.#checkOpen()
      throw new RingshiftError({
        kind: 'invalid_argument',
        message: `the node ${node.id} belongs to another router; report it there`,
      })
    }
    if (typeof outcome !== 'string') throw wrongType('an outcome is a string')
    if (typeof op !== 'string') throw wrongType('an op is a string')
    checked(this.#handle.report(node.index, op, outcome))
  }

  refresh() {
    return checked(this.#handle.refresh())
  }

  /** @param {string | Uint8Array} text */
  apply(text) {
    return checked(this.#handle.apply(checkText(text)))
  }

  get generation() {
    return checked(this.#handle.generation())
  }

  get digest() {
    return checked(this.#handle.digest())
  }

  get epoch() {
    return checked(this.#handle.epoch())
  }

  get stage() {
    return checked(this.#handle.stage())
  }

  get weight() {
    return checked(this.#handle.weight())
  }

  get maxTtl() {
    const longest = checked(this.#handle.maxTtl())
    return longest < 0 ? null : longest
  }

  get region() {
    return this.#region
  }

  get lastError() {
    const { error } = checked(this.#handle.lastError())
    return error ? new RingshiftError(error) : null
  }

  /** @param {number} index */
  node(index) {
    if (typeof index !== 'number') throw wrongType('an index is a number')
    const known = this.#nodes[index]
    if (known !== undefined) return known
    this.#checkOpen()
    if (Number.isInteger(index) && index >= 0 && index < NO_NODE) return this.#node(index)
    const right = index === NO_NODE ? 'it stands for nowhere to read' : 'an index is that of a Node'
    throw new RingshiftError({
      kind: 'invalid_argument',
      message: `this router has no node ${index}; ${right}`,
    })
  }

  #checkOpen() {
    checked(this.#handle.epoch())
  }

  nodes() {
    return checked(this.#handle.nodes()).map((index) => this.#node(index))
  }

  metrics() {
    return parseMetrics(checked(this.#handle.metrics()))
  }

  metricsText() {
    return checked(this.#handle.metricsText())
  }

  close() {
    this.#stop()
    this.#handle.close()
    this.#routes = []
    this.#nodes = []
  }
}

if (Symbol.dispose) {
  Object.defineProperty(Router.prototype, Symbol.dispose, {
    value: Router.prototype.close,
    configurable: true,
    writable: true,
  })
}

exports.NO_NODE = NO_NODE
exports.Router = Router
