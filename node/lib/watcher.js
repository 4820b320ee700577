// Refreshes a router at an interval, for as long as somebody else holds it.
'use strict'

/**
 * Starts watching. The timer keeps neither the process nor the router alive.
 * @param {{refresh(): boolean}} router
 * @param {number} interval milliseconds
 * @returns {() => void} stops it
 */
function watch(router, interval) {
  const weak = new WeakRef(router)
  const timer = setInterval(() => {
    const watched = weak.deref()
    if (watched === undefined) {
      clearInterval(timer)
      return
    }
    try {
      watched.refresh()
    } catch {
      // The core has counted it and kept its text: metrics() and lastError.
    }
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}

module.exports = { watch }
