// A directory for one test, removed after it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** @param {import('node:test').TestContext} t */
export function temporaryDirectory(t) {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringshift-node-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
