// Checks what people pass in, so that a slip is told at the call that made it.
'use strict'

/** @import { RouterOptions } from '../index.js' */

const { RingshiftError, wrongType } = require('./errors.js')

const OPTIONS = ['region', 'watch', 'lastGood']
// What setInterval can wait for.
const LONGEST_WATCH = 2 ** 31 - 1

/**
 * The options of a router, each with a value or undefined.
 * @param {RouterOptions} [options]
 */
function checkOptions(options = {}) {
  if (options === null || typeof options !== 'object') throw wrongType('options are an object')
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw wrongType(`there is no option ${name}; use ${OPTIONS.join(', ')}`)
  }
  const { region, lastGood, watch } = options
  return {
    region: region === undefined || region === null ? undefined : checkString(region, 'the option region'),
    lastGood:
      lastGood === undefined || lastGood === null ? undefined : checkPath(lastGood, 'the option lastGood'),
    watch: watch === undefined || watch === null ? undefined : checkWatch(watch),
  }
}

/** @param {unknown} watch */
function checkWatch(watch) {
  if (typeof watch !== 'number') throw wrongType('the option watch is a number of milliseconds')
  if (!(watch >= 1 && watch <= LONGEST_WATCH)) {
    throw invalid(`the option watch is ${watch}; use 1 to ${LONGEST_WATCH} milliseconds`)
  }
  return watch
}

/**
 * A string that the addon can take as it is.
 * @param {unknown} value
 * @param {string} what
 */
function checkString(value, what) {
  if (typeof value !== 'string') throw wrongType(`${what} is a string`)
  if (!value.isWellFormed()) throw invalid(`${what} has a lone surrogate`)
  return value
}

/**
 * @param {unknown} value
 * @param {string} what
 */
function checkPath(value, what) {
  const path = checkString(value, what)
  if (path.includes('\0')) throw invalid(`${what} has a NUL character`)
  return path
}

/**
 * A spec's text as bytes.
 * @param {unknown} text
 */
function checkText(text) {
  if (text instanceof Uint8Array) return text
  if (typeof text !== 'string') throw wrongType("a spec's text is a string or a Uint8Array")
  return Buffer.from(checkString(text, "the spec's text"))
}

/** @param {string} message */
function invalid(message) {
  return new RingshiftError({ kind: 'invalid_argument', message })
}

module.exports = { checkOptions, checkPath, checkText }
