// Times to live as memcached wants them.
'use strict'

// Beyond this, memcached takes a number for a point in time.
const LONGEST_RELATIVE = 30 * 24 * 3600

/**
 * The expiry to send for one that was asked for, so that nothing lives longer than the spec's max_ttl.
 *
 * @param {number} expires seconds, or a point in time beyond 30 days, or 0 for ever
 * @param {number | null} maxTtl seconds
 */
function clampExpires(expires, maxTtl) {
  if (maxTtl === null) return expires
  const longest = wholeSeconds(maxTtl)
  if (expires === 0) return longest
  const left = expires > LONGEST_RELATIVE ? expires - Date.now() / 1000 : expires
  return left > longest ? longest : expires
}

/**
 * The time to live of a copy: what is left of the original's, never more.
 *
 * @param {number | null} left seconds, null for ever
 * @param {number | null} maxTtl seconds
 */
function copyTtl(left, maxTtl) {
  const longest = maxTtl === null ? Infinity : wholeSeconds(maxTtl)
  const ttl = Math.min(left ?? Infinity, longest)
  // A point in time would depend on two clocks; a shorter life is always right.
  return ttl === Infinity ? 0 : Math.min(ttl, LONGEST_RELATIVE)
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
  return Math.min(Math.max(Math.floor(maxTtl), 1), LONGEST_RELATIVE)
}

exports.clampExpires = clampExpires
exports.copyTtl = copyTtl
exports.secondsOf = secondsOf
