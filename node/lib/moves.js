// What would move between two specs.
'use strict'

const { checked } = require('./errors.js')
const native = require('./native.js')
const { checkText } = require('./options.js')

/**
 * @param {string | Uint8Array} before
 * @param {string | Uint8Array} after
 * @returns {import('../index.js').Moves}
 */
function moves(before, after) {
  return JSON.parse(checked(native.moves(checkText(before), checkText(after))))
}

exports.moves = moves
