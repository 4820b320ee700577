// The router: answers routes from the spec in force, and takes up a new spec while it serves.
'use strict'

/**
 * @import { Op, Outcome, RouterOptions } from '../index.js'
 * @import { RouterHandle } from './addon.js'
 * @typedef {string | Uint8Array} Key
 */

const { isUint8Array } = require('node:util/types')
const { RingshiftError, checked, wrongType } = require('./errors.js')
const { parseMetrics } = require('./metrics.js')
const native = require('./native.js')
const { checkOptions, checkPath, checkText } = require('./options.js')
const { Node, Route, Target } = require('./route.js')
const { watch } = require('./watcher.js')

// Only the static methods make routers.
const MAKE = Symbol('make')

class Router {
  /** @type {RouterHandle} */
  #handle
  /** Turns a key into its route's place in #routes; negative if there is none yet. */
  #lookup
  /** @type {Route[]} */
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
    this.#lookup = handle.lookup()
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
    const slot = this.#lookup(key)
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
    return Array.from(keys, (key) => this.route(key))
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
  }
}

if (Symbol.dispose) {
  Object.defineProperty(Router.prototype, Symbol.dispose, {
    value: Router.prototype.close,
    configurable: true,
    writable: true,
  })
}

exports.Router = Router
