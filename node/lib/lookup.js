// The addon's functions for many calls a second. There is one of each kind for all routers: where a call meets several
// functions of the addon, V8 no longer makes it a direct one. Router and answer go through one number, the cell.
'use strict'

const native = require('./native.js')

const functions = new native.Functions()

/**
 * Its only element is set to a router's number before a call, and is the answer after it; if there is none, it is
 * still that number, which is far below any answer. In shared memory, because that can't be transferred away.
 */
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/**
 * The places of names in a list, which stand for them in a call.
 * @param {readonly string[]} names
 */
function placesOf(names) {
  return new Map(names.map((name, place) => [name, place]))
}

module.exports = {
  cell,
  generationOf: functions.generation(cell),
  indexOf: functions.indexOf(cell),
  indexPacked: functions.indexPacked(cell),
  lookup: functions.lookup(cell),
  /** @param {import('./addon.js').RouterHandle} handle */
  numberOf: (handle) => functions.add(handle),
  ops: placesOf(native.ops()),
  outcomes: placesOf(native.outcomes()),
  owesAny: functions.owes(cell),
  reportTo: functions.report(cell),
}
