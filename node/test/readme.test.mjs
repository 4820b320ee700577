// README's code, run as it is written.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { startServers } from './helpers/memcached.mjs'
import { startRedises } from './helpers/redis.mjs'
import { migrating } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

const PACKAGE = path.dirname(import.meta.dirname)
const README = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8')
const blocks = [...README.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code)

test('README begins with code', () => {
  assert.ok(blocks.length >= 2)
  const [before] = README.split('```js')
  assert.ok(before.trim().split('\n').length <= 6, 'the code comes first')
  assert.ok(blocks[0].trim().split('\n').length <= 12, 'about ten lines')
})

for (const [number, code] of blocks.entries()) {
  test(`block ${number + 1} runs as written`, async (t) => {
    const directory = temporaryDirectory(t)
    const [blue, green] = await (code.includes('adapters/ioredis') ? startRedises(t, 2) : startServers(t, 2))
    const spec = migrating(
      [blue.address],
      [green.address],
      { stage: 'ramp', percent: 100 },
      { max_ttl: '1d' },
    )
    writeFileSync(path.join(directory, 'cache.json'), spec)
    mkdirSync(path.join(directory, 'node_modules'))
    symlinkSync(PACKAGE, path.join(directory, 'node_modules', 'ringshift'))
    writeFileSync(path.join(directory, 'main.mjs'), code)
    const child = spawnSync(process.execPath, ['main.mjs'], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.deepEqual([child.status, child.signal, child.stderr], [0, null, ''])
    // Each line of output is shown in the code as a comment behind what prints it.
    const shown = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
    assert.ok(shown.length > 0)
    assert.deepEqual(child.stdout.trim().split('\n'), shown)
  })
}
