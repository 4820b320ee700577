// Requests may be under way when their router is closed.
'use strict'

const { RingshiftError } = require('../index.js')

/**
 * Whether an error says that the router was closed.
 * @param {unknown} error
 */
function isClosed(error) {
  return error instanceof RingshiftError && error.kind === 'closed'
}

exports.isClosed = isClosed
