// Builds the addon with cargo and puts it beside the package's entry. Cargo decides what is out of date, so
// running it again costs little.
//   node scripts/build.mjs [--debug]
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const WORKSPACE = path.dirname(PACKAGE)
const MANIFEST = path.join(WORKSPACE, 'bindings', 'node', 'Cargo.toml')
const ADDON = path.join(PACKAGE, 'ringshift.node')

/**
 * @param {string} wrong
 * @param {string} right
 * @returns {never}
 */
function fail(wrong, right) {
  console.error(`error: ${wrong}\n       ${right}`)
  process.exit(1)
}

/**
 * Runs cargo and gives the path of the library that it made, wherever its target directory is.
 * @param {string[]} profile
 * @returns {string}
 */
function build(profile) {
  const args = [
    'build',
    ...profile,
    '--manifest-path',
    MANIFEST,
    '--message-format',
    'json-render-diagnostics',
  ]
  const { error, status, stdout } = spawnSync('cargo', args, {
    cwd: WORKSPACE,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error)
    fail(`cargo can't be run: ${error.message}`, 'install a stable Rust toolchain, see https://rustup.rs')
  if (status !== 0) fail('cargo could not build the addon', 'its messages are above')
  const library = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'ringshift_node')
    .flatMap(({ filenames }) => filenames)
    .find((file) => /\.(so|dylib|dll)$/.test(file))
  return library ?? fail('cargo named no library', `check crate-type in ${MANIFEST}`)
}

if (!existsSync(MANIFEST)) {
  // A packed package has no sources, but brings what was built from them.
  if (existsSync(ADDON)) process.exit(0)
  fail(`${MANIFEST} is missing: the addon is built from a checkout`, 'npm install PATH/TO/CHECKOUT/node')
}
const library = build(process.argv.includes('--debug') ? [] : ['--release'])
// A process may have the old file mapped, so it is replaced, never overwritten.
const fresh = `${ADDON}.${process.pid}`
try {
  copyFileSync(library, fresh)
  renameSync(fresh, ADDON)
} finally {
  rmSync(fresh, { force: true })
}
