// Builds the floor with cargo and puts it beside this file, as floor.node.
//   node build.mjs
import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import path from 'node:path'

const HERE = import.meta.dirname
const args = ['build', '--release', '--message-format', 'json-render-diagnostics']
const { error, status, stdout } = spawnSync('cargo', args, {
  cwd: HERE,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (error) throw error
if (status !== 0) process.exit(1)
const [library] = stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter(({ reason, target }) => reason === 'compiler-artifact' && target.kind.includes('cdylib'))
  .flatMap(({ filenames }) => filenames)
  .filter((file) => /\.(so|dylib|dll)$/.test(file))
copyFileSync(library, path.join(HERE, 'floor.node'))
