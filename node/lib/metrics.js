// The core's metrics and events with JavaScript's names.
'use strict'

/**
 * @template T
 * @param {string} json as the core serializes it
 * @returns {T}
 */
function parse(json) {
  return JSON.parse(json, (_, value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [camelCase(name), of]))
  })
}

/** @param {string} name */
function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
}

module.exports = { parse }
