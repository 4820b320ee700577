// Refreshes a router at an interval, for as long as somebody else holds it.
'use strict'

/**
 * Starts watching. Each refresh is done in another thread, and the next is due an interval after its end. The timer keeps
 * neither the process nor the router alive.
 * @param {{follow(): Promise<void>}} handle which the router alone holds
 * @param {number} interval milliseconds
 * @returns {() => void} stops it
 */
function watch(handle, interval) {
  const weak = new WeakRef(handle)
  let stopped = false
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const rest = () => {
    if (stopped) return
    // Not an interval: with one, refreshes that take longer would follow on each other, and a process whose refresh is
    // under way does not end.
    timer = setTimeout(refresh, interval)
    timer.unref()
  }
  const refresh = () => {
    // What goes wrong was counted by the core, which keeps its text: metrics() and lastError.
    weak.deref()?.follow().then(rest, rest)
  }
  // At once: what a first call of metrics() would have to work out is then known.
  refresh()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

module.exports = { watch }
