// Loads the addon that `npm run build` puts beside the package's entry, or says what to do when it can't.
'use strict'

const fs = require('node:fs')
const path = require('node:path')

const FILE = path.join(__dirname, '..', 'ringshift.node')

/** @returns {import('./addon.js').Addon} */
function load() {
  try {
    return require(FILE)
  } catch (cause) {
    const wrong = fs.existsSync(FILE)
      ? `${FILE} was built for another platform`
      : `ringshift's addon is missing: ${FILE}`
    throw new Error(`${wrong}; build it with: npm run build --prefix ${path.dirname(FILE)}`, { cause })
  }
}

module.exports = load()
