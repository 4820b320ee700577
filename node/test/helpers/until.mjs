// Waits for something that comes to pass on its own. Its limit ends a test that would wait for ever; it measures
// nothing.
import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT = 20_000

/** @param {() => unknown} condition */
export async function until(condition, what = String(condition)) {
  const end = Date.now() + LIMIT
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`this never came to pass: ${what}`)
    await sleep(5)
  }
}
