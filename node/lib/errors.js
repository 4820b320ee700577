// The error classes, and how the addon's failures become errors.
'use strict'

/**
 * @import { ErrorCode, ErrorKind, Node } from '../index.js'
 * @import { Failure } from './addon.js'
 */

const native = require('./native.js')

/**
 * spec_invalid -> RINGSHIFT_SPEC_INVALID
 * @param {ErrorKind} kind
 */
function codeOf(kind) {
  return /** @type {ErrorCode} */ (`RINGSHIFT_${kind.toUpperCase()}`)
}

const ERROR_KINDS = Object.freeze(
  native.errorKinds().map(({ number, name }) => Object.freeze({ number, kind: name, code: codeOf(name) })),
)

class RingshiftError extends Error {
  /** @param {Failure} failure */
  constructor({ kind, message, pointer, line, column }) {
    super(message)
    this.kind = kind
    this.code = codeOf(kind)
    this.pointer = pointer ?? null
    this.line = line ?? null
    this.column = column ?? null
  }

  get name() {
    return this.constructor.name
  }
}

class InvalidationLostError extends RingshiftError {
  /**
   * @param {{ node: Node, key: string | Uint8Array, error: Error }[]} lost at least one, in the order of the route
   */
  constructor(lost) {
    const { node, key, error } = /** @type {(typeof lost)[0]} */ (lost[0])
    const more = lost.length > 1 ? ` and at ${lost.length - 1} more` : ''
    const where = `node ${node.id} of cluster ${node.cluster}${more}`
    super({
      kind: 'invalidation_lost',
      message: `an invalidation was lost at ${where}: ${error.message}; send it again`,
    })
    this.cause = error
    this.cluster = node.cluster
    this.node = node
    this.nodes = lost.map((one) => one.node)
    // Kept from loggers that print all properties: a key may be a secret.
    Object.defineProperty(this, 'key', { value: key, enumerable: false })
    Object.defineProperty(this, 'lost', { value: lost, enumerable: false })
  }
}

/**
 * A TypeError for a value of the wrong type, with the code that all such errors have.
 * @param {string} message
 */
function wrongType(message) {
  return Object.assign(new TypeError(message), {
    code: codeOf('invalid_argument'),
    kind: 'invalid_argument',
  })
}

/**
 * Gives the addon's result, or throws the failure that it gave in its place.
 * @template T
 * @param {T | Failure} result
 * @returns {T}
 */
function checked(result) {
  if (typeof result === 'object' && result !== null && 'kind' in result) {
    throw new RingshiftError(/** @type {Failure} */ (result))
  }
  return /** @type {T} */ (result)
}

exports.ERROR_KINDS = ERROR_KINDS
exports.InvalidationLostError = InvalidationLostError
exports.RingshiftError = RingshiftError
exports.checked = checked
exports.wrongType = wrongType
