// Values as callers of the ioredis adapter give and get them.
'use strict'

/**
 * @import { Value } from './ioredis.js'
 * @import { Item } from './steps-types.js'
 */

const { wrongType } = require('../lib/errors.js')

/** @param {Item | null} item */
function valueIn(item) {
  return item === null ? null : item.value
}

/** @param {Item | null} item */
function textIn(item) {
  return item === null ? null : item.value.toString()
}

/**
 * @param {boolean} done
 * @returns {'OK' | null}
 */
function okOf(done) {
  return done ? 'OK' : null
}

/** @param {Buffer | null} value */
function text(value) {
  return value === null ? null : value.toString()
}

/**
 * What ioredis sends as it is.
 * @param {Value} value
 */
function sendable(value) {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  if (typeof value === 'number') return String(value)
  throw wrongType('a value is a string, a Buffer or a number')
}

/** @param {Value} value */
function bytes(value) {
  const sent = sendable(value)
  return typeof sent === 'string' ? Buffer.from(sent) : sent
}

exports.bytes = bytes
exports.okOf = okOf
exports.sendable = sendable
exports.text = text
exports.textIn = textIn
exports.valueIn = valueIn
