// What callers of a router give, checked before it is used, and what is said of what won't do.
'use strict'

/**
 * @import { RouterHandle } from './addon.js'
 * @typedef {string | Uint8Array} Key
 */

const { isUint8Array, isUint32Array } = require('node:util/types')
const { RingshiftError, checked, wrongType } = require('./errors.js')

/** @param {unknown} key */
function checkKey(key) {
  if (typeof key !== 'string' && !isUint8Array(key)) throw wrongType('a key is a string or a Uint8Array')
}

/**
 * Many keys in an array. What is no array is gone through first: that may call code of the caller, which may put another
 * spec in force.
 * @param {Iterable<Key>} keys
 */
function listOf(keys) {
  if (typeof keys === 'string' || isUint8Array(keys))
    throw wrongType('that is one key; give an array of keys')
  if (typeof keys?.[Symbol.iterator] !== 'function') throw wrongType('many keys are an array or an iterable')
  return Array.isArray(keys) ? keys : [...keys]
}

/**
 * @param {Uint32Array | undefined} out
 * @param {number} count
 */
function checkRoom(out, count) {
  if (out === undefined) return new Uint32Array(count)
  if (!isUint32Array(out)) throw wrongType('the room for indices is a Uint32Array')
  if (out.length < count)
    throw invalid(`the room for indices has ${out.length} places; ${count} keys need as many`)
  return out
}

/**
 * Why packed keys were not looked up.
 * @param {number} code
 * @param {RouterHandle} handle
 */
function unpacked(code, handle) {
  // A closed router says so itself.
  checked(handle.epoch())
  if (code > -4)
    return invalid('the memory of the keys, offsets or room is shared, was transferred away, or overlaps')
  return invalid(
    `offset ${-4 - code} is below the one before it, or behind the last byte; offsets rise up to the length`,
  )
}

/** @param {string} message */
function invalid(message) {
  return new RingshiftError({ kind: 'invalid_argument', message })
}

module.exports = { checkKey, checkRoom, invalid, listOf, unpacked }
