// The objects that a router hands out. All are frozen and made once: a node for the router's life, a route for as
// long as the same snapshot is in force.
'use strict'

/** @import { NodeParts, RouteParts } from './addon.js' */

class Node {
  /** @param {NodeParts} parts */
  constructor({ index, id, address, weight, zone, cluster, keyPrefix }) {
    this.index = index
    this.id = id
    this.address = address
    this.weight = weight
    this.zone = zone ?? null
    this.cluster = cluster
    this.keyPrefix = keyPrefix
    Object.freeze(this)
  }
}

class Target {
  /** @param {[Node, ...Node[]]} nodes in read order */
  constructor(nodes) {
    const [node] = nodes
    this.cluster = node.cluster
    this.keyPrefix = node.keyPrefix
    this.nodes = Object.freeze(nodes)
    this.node = node
    Object.freeze(this)
  }
}

class Route {
  /**
   * @param {RouteParts} parts
   * @param {(index: number) => Node} node finds a node's one object
   */
  constructor(parts, node) {
    this.read = target(parts.read, node)
    this.fallback = target(parts.fallback, node)
    this.fill = parts.fill
    this.invalidate = Object.freeze(parts.invalidate.map(node))
    this.stage = parts.stage
    this.moved = parts.moved
    this.generation = parts.generation
    Object.freeze(this)
  }
}

/**
 * @param {number[] | undefined} indices at least one if given
 * @param {(index: number) => Node} node
 */
function target(indices, node) {
  return indices ? new Target(/** @type {[Node, ...Node[]]} */ (indices.map(node))) : null
}

exports.Node = Node
exports.Route = Route
exports.Target = Target
