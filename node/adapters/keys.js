// Keys as memcached takes them: 1 to 250 bytes, the cluster's prefix included.
'use strict'

/** @import { Node, Route } from '../index.js' */

const { RingshiftError } = require('../index.js')

const LONGEST = 250
const LONGEST_PREFIX = 128

/**
 * Refuses a key that is too long, or nothing, for any node of its route: it could be read and not be invalidated.
 * @param {Route} route
 * @param {string | Buffer} key
 */
function checkKey(route, key) {
  // A unit of a string is at most three bytes; a spec allows no longer prefix.
  if (key.length > 0 && key.length * 3 <= LONGEST - LONGEST_PREFIX) return
  const length = Buffer.byteLength(key)
  if (length === 0) {
    throw new RingshiftError({
      kind: 'invalid_key',
      message: `the key is empty; memcached takes 1 to ${LONGEST} bytes`,
    })
  }
  if (length <= LONGEST - LONGEST_PREFIX) return
  for (const { keyPrefix, cluster } of route.invalidate) {
    const all = Buffer.byteLength(keyPrefix) + length
    if (all <= LONGEST) continue
    throw new RingshiftError({
      kind: 'invalid_key',
      message: `the key has ${all} bytes with the prefix of cluster ${cluster}; memcached takes 1 to ${LONGEST}`,
    })
  }
}

/**
 * Whether no memcached can hold what would have this key: of a key that was owed, or that another spec came for, nobody has
 * asked. The server would end the connection, and with it what others wait for.
 * @param {string | Buffer} wire the key as it is sent
 */
function isTooLong(wire) {
  return wire.length * 3 > LONGEST && Buffer.byteLength(wire) > LONGEST
}

/**
 * A name for the bytes of a key: the same for a string and for its bytes, and for no other key.
 * @param {string | Buffer} key
 */
function nameOf(key) {
  return (typeof key === 'string' ? Buffer.from(key) : key).toString('latin1')
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
exports.isTooLong = isTooLong
exports.nameOf = nameOf
exports.wireKey = wireKey
