// The package as others get it: installed from the checkout into another directory, required, imported, type-checked.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import { single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

const PACKAGE = path.dirname(import.meta.dirname)
const require = createRequire(import.meta.url)

function run(cwd, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

function runs(cwd, command, ...args) {
  const { status, output } = run(cwd, command, ...args)
  assert.equal(status, 0, output)
  return output
}

test('installed from the checkout: CommonJS, ES modules and types', (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(path.join(directory, 'package.json'), '{"private": true}')
  writeFileSync(path.join(directory, 'cache.json'), single(['127.0.0.1:1']))
  runs(directory, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', PACKAGE)

  const use = "console.log(Router.open('cache.json').route('user:42').read.node.id)"
  writeFileSync(path.join(directory, 'use.cjs'), `const { Router } = require('ringshift')\n${use}`)
  writeFileSync(path.join(directory, 'use.mjs'), `import { Router } from 'ringshift'\n${use}`)
  for (const file of ['use.cjs', 'use.mjs']) assert.equal(runs(directory, process.execPath, file), 'n0\n')

  for (const sample of ['sample.mts', 'sample.cts']) {
    copyFileSync(path.join(PACKAGE, 'test', 'types', sample), path.join(directory, sample))
  }
  const types = path.dirname(path.dirname(require.resolve('@types/node/package.json')))
  const options =
    '--noEmit --strict --module nodenext --target es2023 --lib es2024,esnext.disposable --types node'
  const tsc = path.join(PACKAGE, 'node_modules', '.bin', 'tsc')
  runs(directory, tsc, ...options.split(' '), '--typeRoots', types, 'sample.mts', 'sample.cts')
})

test('CommonJS and ES modules are the same objects', async () => {
  const required = require('ringshift')
  const imported = await import('ringshift')
  assert.deepEqual(Object.keys(required), [
    'ERROR_KINDS',
    'InvalidationLostError',
    'NO_NODE',
    'RingshiftError',
    'Router',
    'moves',
  ])
  for (const [name, value] of Object.entries(required)) assert.equal(imported[name], value)
  assert.equal(imported.default, required)
  assert.deepEqual(Object.keys(require('ringshift/adapters/memjs')), ['Client'])
  assert.deepEqual(Object.keys(require('ringshift/adapters/ioredis')), ['Redis'])
  assert.throws(() => require('ringshift/lib/router.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
})

/** The package without its addon, and without a checkout around it. */
function copied(t) {
  const copy = path.join(temporaryDirectory(t), 'node_modules', 'ringshift')
  mkdirSync(copy, { recursive: true })
  for (const name of ['package.json', 'index.js', 'lib', 'adapters', 'scripts']) {
    cpSync(path.join(PACKAGE, name), path.join(copy, name), { recursive: true })
  }
  return copy
}

test('without the addon, the error says what to do', (t) => {
  const copy = copied(t)
  const missing = run(copy, process.execPath, '-e', "require('ringshift')")
  assert.notEqual(missing.status, 0)
  assert.match(missing.output, /addon is missing: .*ringshift\.node; build it with: npm run build --prefix/)
  writeFileSync(path.join(copy, 'ringshift.node'), 'not a library')
  assert.match(
    run(copy, process.execPath, '-e', "require('ringshift')").output,
    /was built for another platform/,
  )
})

test('without a checkout, building says where to install from, unless the addon was packed', (t) => {
  const copy = copied(t)
  const build = () => run(copy, process.execPath, 'scripts/build.mjs')
  assert.equal(build().status, 1)
  assert.match(build().output, /is built from a checkout\n +npm install PATH\/TO\/CHECKOUT\/node/)
  copyFileSync(path.join(PACKAGE, 'ringshift.node'), path.join(copy, 'ringshift.node'))
  assert.deepEqual(build(), { status: 0, output: '' })
  assert.equal(
    run(copy, process.execPath, '-e', "console.log(require('ringshift').ERROR_KINDS.length)").output,
    '11\n',
  )
})

for (const client of ['memjs', 'ioredis']) {
  test(`without ${client}, its adapter says that it is missing, and the rest works`, (t) => {
    const copy = copied(t)
    symlinkSync(path.join(PACKAGE, 'ringshift.node'), path.join(copy, 'ringshift.node'))
    rmSync(path.join(copy, 'node_modules'), { recursive: true, force: true })
    const use = `require('ringshift'); require('ringshift/adapters/${client}')`
    assert.match(run(copy, process.execPath, '-e', use).output, new RegExp(`Cannot find module '${client}'`))
  })
}

test('what is packed is what is needed', () => {
  const listed = JSON.parse(
    runs(PACKAGE, 'npm', 'pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'),
  )
  const [{ files }] = Array.isArray(listed) ? listed : Object.values(listed)
  const names = files.map(({ path: name }) => name)
  const { exports } = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const wanted = JSON.stringify(exports).match(/\.\/[^"]+\.(?:js|mjs|d\.ts|d\.mts)(?=")/g)
  assert.ok(wanted.length >= 6)
  for (const file of wanted) assert.ok(names.includes(file.slice(2)), file)
  assert.ok(names.includes('ringshift.node') && names.includes('README.md'))
  for (const name of names) assert.doesNotMatch(name, /^(test|types|node_modules)\//)
})
