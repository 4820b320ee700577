// What `set` takes behind the value, and times to live.
'use strict'

const { RingshiftError } = require('../index.js')

/**
 * @param {(string | number)[]} options as Redis has them: EX seconds, PX milliseconds, EXAT, PXAT, NX, XX
 * @returns {{ ttl: number | null, how: 'NX' | 'XX' | null }}
 */
function setOptions(options) {
  /** @type {number | null} */
  let ttl = null
  /** @type {'NX' | 'XX' | null} */
  let how = null
  if (options.length === 0) return { ttl, how }
  const rest = [...options]
  while (rest.length > 0) {
    const name = String(rest.shift()).toUpperCase()
    if (name === 'NX' || name === 'XX') {
      if (how !== null) throw wrong('set: NX and XX exclude one another')
      how = name
    } else if (name === 'EX' || name === 'PX' || name === 'EXAT' || name === 'PXAT') {
      if (ttl !== null) throw wrong('set: one time to live is enough')
      const number = Number(rest.shift())
      const left = name.endsWith('AT') ? number - Date.now() / (name === 'EXAT' ? 1000 : 1) : number
      ttl = name.startsWith('EX') ? ttlOf(left, undefined) : ttlOf(undefined, left)
    } else {
      throw wrong(`set: ${name} can't be carried out at several nodes; use EX, PX, EXAT, PXAT, NX or XX`)
    }
  }
  return { ttl, how }
}

/**
 * Seconds, null for ever.
 * @param {number | undefined} seconds
 * @param {number | undefined} milliseconds
 */
function ttlOf(seconds, milliseconds) {
  if (seconds === undefined && milliseconds === undefined) return null
  if (seconds !== undefined && milliseconds !== undefined) throw wrong('expire and px exclude one another')
  const ttl = seconds ?? Number(milliseconds) / 1000
  if (typeof ttl === 'number' && ttl > 0 && ttl < Infinity) return ttl
  throw wrong('a time to live must be a number above 0; del removes a key')
}

/**
 * What a command takes in Redis and can't be carried out at several nodes.
 * @param {string} command
 * @param {readonly unknown[]} more arguments than it has here
 */
function checkNoMore(command, more) {
  if (more.length > 0) throw wrong(`${command}: ${more[0]} can't be carried out at several nodes`)
}

/** @param {string} message */
function wrong(message) {
  return new RingshiftError({ kind: 'invalid_argument', message })
}

exports.checkNoMore = checkNoMore
exports.setOptions = setOptions
exports.ttlOf = ttlOf
