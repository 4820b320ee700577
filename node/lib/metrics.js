// The core's metrics with JavaScript's names.
'use strict'

/**
 * @param {string} json as the core serializes it
 * @returns {import('../index.js').Metrics}
 */
function parseMetrics(json) {
  return JSON.parse(json, (_, value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [camelCase(name), of]))
  })
}

/** @param {string} name */
function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
}

module.exports = { parseMetrics }
