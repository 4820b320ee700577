// What would move between two specs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moves } from 'ringshift'
import { single } from './helpers/specs.mjs'

const addresses = (count) => Array.from({ length: count }, (_, number) => `127.0.0.1:${number + 1}`)

test('a node more takes its share from all', () => {
  const { clusters, migration } = moves(single(addresses(3)), Buffer.from(single(addresses(4))))
  assert.equal(migration, null)
  const [change] = clusters
  assert.ok(change.moved > 0.15 && change.moved < 0.35, `${change.moved}`)
  assert.equal(new Set(change.flows.map(({ to }) => to)).size, 1)
  assert.ok(Math.abs(change.flows.reduce((sum, { share }) => sum + share, 0) - change.moved) < 1e-9)
  assert.deepEqual([change.sample, change.error], [null, 0])
})

test('a bad spec is an error', () => {
  assert.throws(() => moves('{', single(addresses(1))), { code: 'RINGSHIFT_SPEC_SYNTAX' })
  assert.throws(() => moves(1, single(addresses(1))), { code: 'RINGSHIFT_INVALID_ARGUMENT' })
})
