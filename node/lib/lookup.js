// The addon's functions for many calls a second. There is one of each kind for all routers: where a call meets several
// functions of the addon, V8 no longer calls them directly. So that they know which router is meant, and to answer at
// the least cost, they share a number with this side.
'use strict'

const native = require('./native.js')

const lookups = new native.Lookups()

/**
 * Its only element is set to a router's number before a call. If that finds something, it is what was found after it,
 * and not below NOWHERE; else it is still the router's number, which is. In shared memory, because that can't be
 * transferred away.
 */
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** What `indices` finds for a key with nowhere to read. */
const NOWHERE = -1

module.exports = {
  NOWHERE,
  cell,
  /** @param {import('./addon.js').RouterHandle} handle */
  numberOf: (handle) => lookups.add(handle),
  indices: lookups.indices(cell),
  packed: lookups.packed(cell),
  slots: lookups.slots(cell),
}
