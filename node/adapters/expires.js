// Times to live as memcached wants them.
'use strict'

const { RingshiftError } = require('../index.js')
const { wrongType } = require('../lib/errors.js')

// Beyond this, memcached takes a number for a point in time.
const LONGEST_RELATIVE = 30 * 24 * 3600
const LATEST = 2 ** 32 - 1

/**
 * An expiry that can be sent, in whole seconds: a part of one would be cut off, and 0 is for ever.
 * @param {unknown} expires as the caller has it
 */
function checkExpires(expires) {
  if (typeof expires !== 'number') throw wrongType('expires is a number of seconds')
  if (expires >= 0 && expires <= LATEST) return expires === 0 ? 0 : Math.max(1, Math.floor(expires))
  throw new RingshiftError({
    kind: 'invalid_argument',
    message: `expires is ${expires}; use seconds, 0 for ever, or a point in time`,
  })
}

/**
 * The expiry to send for one that was asked for, so that nothing lives longer than the spec's max_ttl.
 *
 * @param {number} expires seconds, or a point in time beyond 30 days, or 0 for ever
 * @param {number | null} maxTtl seconds
 */
function clampExpires(expires, maxTtl) {
  if (maxTtl === null) return expires
  const longest = wholeSeconds(maxTtl)
  const left = secondsOf(expires)
  return left === null || left > longest ? expiryOf(longest) : expires
}

/**
 * The expiry to send for a copy: what is left of the original's time, never more.
 *
 * @param {number | null} left seconds, null for ever
 * @param {number | null} maxTtl seconds
 */
function copyTtl(left, maxTtl) {
  const longest = maxTtl === null ? Infinity : wholeSeconds(maxTtl)
  const ttl = Math.floor(Math.min(left ?? Infinity, longest))
  return ttl === Infinity ? 0 : expiryOf(Math.max(ttl, 1))
}

/**
 * @param {number} seconds at least 1
 */
function expiryOf(seconds) {
  // A second less: the server's clock may be that much behind, and no copy may live longer than its source.
  return seconds > LONGEST_RELATIVE ? Math.floor(Date.now() / 1000) + seconds - 1 : seconds
}

/**
 * The seconds that an expiry leaves from now: null for ever.
 * @param {number} expires
 */
function secondsOf(expires) {
  if (expires === 0) return null
  return expires > LONGEST_RELATIVE ? Math.max(0, expires - Math.floor(Date.now() / 1000)) : expires
}

/**
 * At least 1: memcached counts whole seconds, and 0 would mean for ever.
 * @param {number} maxTtl
 */
function wholeSeconds(maxTtl) {
  return Math.max(Math.floor(maxTtl), 1)
}

exports.checkExpires = checkExpires
exports.clampExpires = clampExpires
exports.copyTtl = copyTtl
exports.secondsOf = secondsOf
