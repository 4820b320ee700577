// The package's CommonJS entry.
'use strict'

const { ERROR_KINDS, InvalidationLostError, RingshiftError } = require('./lib/errors.js')
const { moves } = require('./lib/moves.js')
const { NO_NODE, Router } = require('./lib/router.js')

module.exports = { ERROR_KINDS, InvalidationLostError, NO_NODE, RingshiftError, Router, moves }
