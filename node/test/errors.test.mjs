// Every kind of error, from where it comes to what a caller sees.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ERROR_KINDS, InvalidationLostError, RingshiftError, Router } from 'ringshift'
import { Client } from 'ringshift/adapters/memjs'
import { BLUE, ring, single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'

const clusters = (count) =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => [`c${number}`, ring(BLUE)]))

/** What raises each kind. */
const PROVOKE = {
  invalid_argument: () => Router.fromSpec(single(BLUE), { region: '' }),
  invalid_key: () => Router.fromSpec(single(BLUE)).route('\ud800'),
  io: (directory) => Router.open(path.join(directory, 'none.json')),
  spec_syntax: () => Router.fromSpec('{'),
  spec_invalid: () => Router.fromSpec(single(BLUE, { cluster: { replicas: 9 } })),
  spec_limit: () => {
    const spec = { format: 1, generation: 1, primary: 'c0', clusters: clusters(65) }
    Router.fromSpec(JSON.stringify(spec))
  },
  stale_generation: () => {
    Router.fromSpec(single(BLUE, { generation: 2 })).apply(single(BLUE, { generation: 1 }))
  },
  generation_conflict: () => Router.fromSpec(single(BLUE)).apply(single(BLUE.slice(1))),
  closed: () => {
    const router = Router.fromSpec(single(BLUE))
    router.close()
    router.route('user:42')
  },
  // Nobody listens on port 1.
  invalidation_lost: async () => {
    const client = new Client(Router.fromSpec(single(['127.0.0.1:1'])))
    await client.delete('user:42').finally(() => client.close())
  },
  // A fault inside ringshift has no way to be asked for.
  internal: () => {
    throw new RingshiftError({ kind: 'internal', message: 'a fault inside ringshift' })
  },
}

test('the kinds are numbered from 1', () => {
  assert.deepEqual(
    ERROR_KINDS.map(({ number }) => number),
    Array.from({ length: 11 }, (_, position) => position + 1),
  )
  assert.deepEqual(
    ERROR_KINDS.map(({ kind }) => kind),
    Object.keys(PROVOKE),
  )
})

for (const { kind, code } of ERROR_KINDS) {
  test(code, async (t) => {
    const directory = temporaryDirectory(t)
    await assert.rejects(
      async () => PROVOKE[kind](directory),
      (error) => {
        assert.ok(error instanceof RingshiftError)
        assert.ok(error instanceof Error)
        assert.deepEqual([error.kind, error.code], [kind, code])
        assert.equal(error instanceof InvalidationLostError, kind === 'invalidation_lost')
        assert.ok(error.message.length > 10)
        assert.match(error.stack, /RingshiftError|InvalidationLostError/)
        return true
      },
    )
  })
}

test('an error in a spec names file, place and what would be right', (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(BLUE, { cluster: { replicas: 9 } }))
  assert.throws(() => Router.open(file), {
    code: 'RINGSHIFT_SPEC_INVALID',
    pointer: '/clusters/blue/replicas',
    line: 1,
    message: /cache\.json:1:\d+: \/clusters\/blue\/replicas: .*1 to 8/,
  })
})

test('an error without a place says so', () => {
  assert.throws(() => Router.open('/none/such.json'), { pointer: null, line: null, column: null })
})

test('a lost invalidation names cluster and node, and keeps the key from loggers', async () => {
  const client = new Client(Router.fromSpec(single(['127.0.0.1:1'])))
  const error = await client.set('secret:42', 'x').catch((caught) => caught)
  client.close()
  assert.equal(error.cluster, 'blue')
  assert.equal(error.node.id, 'n0')
  assert.deepEqual(error.nodes, [error.node])
  assert.equal(error.key, 'secret:42')
  assert.match(error.message, /node n0 of cluster blue/)
  assert.ok(!`${error.message}${JSON.stringify(error)}${Object.keys(error)}`.includes('secret'))
})

const router = Router.fromSpec(single(BLUE))
const wrongTypes = {
  'a number as key': () => router.route(42),
  'no key': () => router.route(),
  'another typed array as key': () => router.route(new Uint16Array(2)),
  'an ArrayBuffer as key': () => router.route(new ArrayBuffer(2)),
  'an object as path': () => Router.open({}),
  'a number as spec': () => Router.fromSpec(1),
  'a string as options': () => Router.fromSpec(single(BLUE), 'kr'),
  'an unknown option': () => Router.fromSpec(single(BLUE), { regoin: 'kr' }),
  'a string as watch': () => Router.fromSpec(single(BLUE), { watch: '1s' }),
  'a number as region': () => Router.fromSpec(single(BLUE), { region: 1 }),
  'an id as node': () => router.report('n0', 'hit'),
  'a number as outcome': () => router.report(router.nodes()[0], 1),
  'a number as op': () => router.report(router.nodes()[0], 'hit', 1),
  'new Router': () => new Router(),
  'a client without a router': () => new Client('cache.json'),
}

for (const [what, run] of Object.entries(wrongTypes)) {
  test(`${what} is a TypeError`, () => {
    assert.throws(run, { name: 'TypeError', code: 'RINGSHIFT_INVALID_ARGUMENT' })
  })
}

const wrongValues = {
  'watch 0': () => Router.fromSpec(single(BLUE), { watch: 0 }),
  'watch NaN': () => Router.fromSpec(single(BLUE), { watch: Number.NaN }),
  'an outcome that there is not': () => router.report(router.nodes()[0], 'hti'),
  'an op that there is not': () => router.report(router.nodes()[0], 'hit', 'raed'),
  "another router's node": () => router.report(Router.fromSpec(single(BLUE)).nodes()[0], 'hit'),
  'a path with a NUL': () => Router.open('a\0b'),
  'a spec with a lone surrogate': () => Router.fromSpec('\ud800'),
  'a region with a control character': () => Router.fromSpec(single(BLUE), { region: 'k\nr' }),
}

for (const [what, run] of Object.entries(wrongValues)) {
  test(`${what} is an invalid argument`, () => {
    assert.throws(run, { name: 'RingshiftError', code: 'RINGSHIFT_INVALID_ARGUMENT' })
  })
}
