// The package's CommonJS entry.
'use strict'

const { ERROR_KINDS, InvalidationLostError, RingshiftError } = require('./lib/errors.js')
const { moves } = require('./lib/moves.js')
const { Router } = require('./lib/router.js')

module.exports = { ERROR_KINDS, InvalidationLostError, RingshiftError, Router, moves }
