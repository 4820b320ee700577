// Keys as memcached takes them: 1 to 250 bytes, the cluster's prefix included.
'use strict'

/** @import { Node } from '../index.js' */

const { RingshiftError } = require('../index.js')

const LONGEST = 250

/**
 * Refuses a key that no node can take.
 * @param {string | Buffer} key
 */
function checkKey(key) {
  const length = Buffer.byteLength(key)
  if (length > 0 && length <= LONGEST) return
  throw new RingshiftError({
    kind: 'invalid_key',
    message: `the key has ${length} bytes; memcached takes 1 to ${LONGEST}`,
  })
}

/**
 * Whether a node can take the key with its prefix. If not, the key can't be there.
 * @param {Node} node
 * @param {string | Buffer} key
 */
function fits(node, key) {
  return node.keyPrefix.length + Buffer.byteLength(key) <= LONGEST
}

/**
 * @param {Node} node
 * @param {string | Buffer} key
 */
function tooLong(node, key) {
  const length = node.keyPrefix.length + Buffer.byteLength(key)
  return new RingshiftError({
    kind: 'invalid_key',
    message: `the key has ${length} bytes with the prefix of cluster ${node.cluster}; memcached takes ${LONGEST}`,
  })
}

/**
 * The key as it is sent to a node.
 * @param {Node} node
 * @param {string | Buffer} key
 */
function wireKey(node, key) {
  if (typeof key === 'string') return node.keyPrefix + key
  return Buffer.concat([Buffer.from(node.keyPrefix), key])
}

exports.LONGEST = LONGEST
exports.checkKey = checkKey
exports.fits = fits
exports.tooLong = tooLong
exports.wireKey = wireKey
