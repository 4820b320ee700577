// The options of the memjs adapter with all defaults filled in.
'use strict'

/** @import { ClientOptions } from './memjs.js' */

const { RingshiftError } = require('../index.js')
const { wrongType } = require('../lib/errors.js')
const { checkExpires } = require('./expires.js')

/**
 * memjs' own defaults but for two. `retries`: a failed read is a miss and a failed write is an error, so that the
 * caller decides about a second try. `logger`: a line for each failure would flood, and the router counts them.
 */
const DEFAULTS = { timeout: 0.5, retries: 1, retry_delay: 0.2, expires: 0, logger: { log() {} } }

/** @typedef {ClientOptions & typeof DEFAULTS & { conntimeout: number }} FilledOptions */

/**
 * @param {ClientOptions} [options]
 * @returns {FilledOptions}
 */
function checkOptions(options = {}) {
  if (options === null || typeof options !== 'object') throw wrongType('options are an object')
  if (options.failover) {
    throw new RingshiftError({
      kind: 'invalid_argument',
      message: 'failover would put keys on nodes where no other process looks for them; leave it out',
    })
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null)
  const filled = { ...DEFAULTS, ...Object.fromEntries(given) }
  // Both decide how long a caller can be kept waiting.
  checkNumber('timeout', filled.timeout, Number.MIN_VALUE)
  checkNumber('retries', filled.retries, 1)
  checkExpires(filled.expires)
  return { ...filled, conntimeout: options.conntimeout ?? filled.timeout }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 */
function checkNumber(name, value, least) {
  if (typeof value !== 'number') throw wrongType(`the option ${name} is a number`)
  if (value >= least && value < Infinity) return
  throw new RingshiftError({
    kind: 'invalid_argument',
    message: `the option ${name} is ${value}; use ${name === 'timeout' ? 'seconds, more than 0' : '1 or more'}`,
  })
}

exports.checkOptions = checkOptions
