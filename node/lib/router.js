// The router: answers routes from the spec in force, and takes up a new spec while it serves.
'use strict'

/**
 * @import { Op, Outcome, RouterOptions } from '../index.js'
 * @import { RouterHandle } from './addon.js'
 * @typedef {string | Uint8Array} Key
 */

const { isUint8Array } = require('node:util/types')
const { checkKey, checkRoom, invalid, listOf, unpacked } = require('./arguments.js')
const { checked, wrongType } = require('./errors.js')
const { cell, generationOf, indexOf, indexPacked, lookup } = require('./lookup.js')
const { numberOf, ops, outcomes, owesAny, reportTo } = require('./lookup.js')
const { parse } = require('./metrics.js')
const native = require('./native.js')
const { checkOptions, checkPath, checkText } = require('./options.js')
const { Node, Route, Target } = require('./route.js')
const { watch } = require('./watcher.js')

/** Stands for nowhere to read. */
const NO_NODE = 0xffffffff

/** What is owed at most times. */
const NOTHING = Object.freeze(/** @type {import('./addon.js').OwedParts[]} */ ([]))

// Only the static methods make routers.
const MAKE = Symbol('make')

class Router {
  /** @type {RouterHandle} */
  #handle
  /** By which the addon's functions know this router. */
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
    if (interval !== undefined) this.#stop = watch(handle, interval)
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
    lookup(key)
    const slot = /** @type {number} */ (cell[0])
    return slot >= 0 ? /** @type {Route} */ (this.#routes[slot]) : this.#describe(key)
  }

  /**
   * The route of a key that has no object yet, or the reason why there is none.
   * @param {Key} key
   */
  #describe(key) {
    checkKey(key)
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
    const list = listOf(keys)
    /** @type {Route[]} */
    const routes = new Array(list.length)
    for (let position = 0; position < list.length; position++) {
      routes[position] = this.route(/** @type {Key} */ (list[position]))
    }
    return routes
  }

  /**
   * @param {Iterable<Key>} keys
   * @param {Uint32Array} [out]
   */
  indexMany(keys, out) {
    const list = listOf(keys)
    const room = checkRoom(out, list.length)
    for (let position = 0; position < list.length; position++) {
      // First: a getter or a proxy may call code that uses the cell itself.
      const key = /** @type {Key} */ (list[position])
      cell[0] = this.#number
      indexOf(key)
      const index = /** @type {number} */ (cell[0])
      if (index < -1) this.#refuse(key, position)
      // -1 becomes NO_NODE.
      room[position] = index
    }
    return room
  }

  /**
   * Says what is wrong with one of many keys, or with the router.
   * @param {Key} key
   * @param {number} position
   */
  #refuse(key, position) {
    try {
      this.#describe(key)
    } catch (error) {
      if (error instanceof Error && 'kind' in error && error.kind !== 'closed') {
        error.message = `key ${position}: ${error.message}`
      }
      throw error
    }
    throw new RingshiftError({ kind: 'internal', message: `key ${position}: the lookup failed` })
  }

  /**
   * @param {Uint8Array} bytes
   * @param {Uint32Array} offsets
   * @param {Uint32Array} [out]
   */
  indexPacked(bytes, offsets, out) {
    if (!isUint8Array(bytes))
      throw wrongType('the keys of indexPacked are a Uint8Array, one key after the other')
    if (!isUint32Array(offsets))
      throw wrongType('the offsets of indexPacked are a Uint32Array, one more than keys')
    const room = checkRoom(out, Math.max(offsets.length - 1, 0))
    cell[0] = this.#number
    indexPacked(bytes, offsets, room)
    const written = /** @type {number} */ (cell[0])
    if (written < 0) throw unpacked(written, this.#handle)
    return room
  }

  /** @param {number} index */
  node(index) {
    if (!Number.isInteger(index) || index < 0 || index > NO_NODE)
      throw wrongType('an index of a node is a whole number')
    // Nodes that are known here outlive the router; this says whether it was closed.
    checked(this.#handle.epoch())
    return this.#node(index)
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
    const node = this.#own(nodeOrTarget, 'report')
    if (typeof outcome !== 'string') throw wrongType('an outcome is a string')
    if (typeof op !== 'string') throw wrongType('an op is a string')
    const [opPlace, outcomePlace] = [ops.get(op), outcomes.get(outcome)]
    if (opPlace !== undefined && outcomePlace !== undefined) {
      cell[0] = this.#number
      reportTo(node.index, opPlace, outcomePlace)
      if (cell[0] === 0) return
    }
    // It was not counted; this says why.
    checked(this.#handle.report(node.index, op, outcome))
  }

  /**
   * @param {Node | Target} nodeOrTarget
   * @param {Key} key
   * @param {Outcome} [outcome]
   */
  lost(nodeOrTarget, key, outcome = 'error') {
    const node = this.#own(nodeOrTarget, 'lost')
    checkKey(key)
    if (typeof outcome !== 'string') throw wrongType('an outcome is a string')
    checked(this.#handle.lost(node.index, key, outcome))
  }

  /** @param {Node | Target} nodeOrTarget */
  owed(nodeOrTarget) {
    const node = this.#own(nodeOrTarget, 'owed')
    cell[0] = this.#number
    owesAny()
    return cell[0] === 0 ? NOTHING : checked(this.#handle.owed(node.index))
  }

  /**
   * @param {Key} key
   * @param {number} loss
   */
  repaid(key, loss) {
    checkKey(key)
    if (typeof loss !== 'number') throw wrongType('the number of a loss is a number')
    checked(this.#handle.repaid(key, loss))
  }

  refresh() {
    return checked(this.#handle.refresh())
  }

  /** @param {string | Uint8Array} text */
  apply(text) {
    return checked(this.#handle.apply(checkText(text)))
  }

  get generation() {
    cell[0] = this.#number
    generationOf()
    const generation = /** @type {number} */ (cell[0])
    return generation >= 0 ? generation : checked(this.#handle.generation())
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

  /** @returns {import('../index.js').Metrics} */
  metrics() {
    return parse(checked(this.#handle.metrics()))
  }

  /** @returns {import('../index.js').RouterEvent[]} */
  events(since = 0) {
    if (!Number.isSafeInteger(since) || since < 0)
      throw wrongType('the number of an event is a whole number from 0 on')
    return parse(checked(this.#handle.events(since)))
  }

  metricsText() {
    return checked(this.#handle.metricsText())
  }

  /**
   * The node that a call is about, if this router handed it out.
   * @param {Node | Target} nodeOrTarget
   * @param {string} call
   */
  #own(nodeOrTarget, call) {
    const node = nodeOrTarget instanceof Target ? nodeOrTarget.node : nodeOrTarget
    if (!(node instanceof Node)) throw wrongType(`${call} wants a node or target of one of its routes`)
    if (this.#nodes[node.index] !== node) {
      throw invalid(`the node ${node.id} belongs to another router; report it there`)
    }
    return node
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

exports.NO_NODE = NO_NODE
exports.Router = Router
