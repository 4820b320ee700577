// Every shared vector: what the core decides must come out of this package as it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RingshiftError, Router } from 'ringshift'
import { Fnv1a, keyOf, specOf, vectorFiles } from './helpers/vectors.mjs'

const RUNNERS = { accept, balance, digest, golden, route: routes, schedule, spec_error: specErrors }

for (const { file, kind, about, content } of vectorFiles()) {
  test(`${file}: ${about}`, () => {
    assert.equal(content.version, 1)
    assert.ok(kind in RUNNERS, `this runner doesn't know the kind ${kind}`)
    assert.ok(RUNNERS[kind](content) > 0, 'nothing was run')
  })
}

function open({ region, ...entry }) {
  return Router.fromSpec(specOf(entry), { region })
}

const names = (nodes) => nodes.map((node) => `${node.cluster}/${node.id}`)

/** As a vector has it. */
function described(route) {
  return {
    read: names(route.read.nodes),
    fallback: route.fallback && names(route.fallback.nodes),
    fill: route.fill,
    invalidate: names(route.invalidate),
    moved: route.moved,
    stage: route.stage,
    generation: route.generation,
  }
}

function routes({ groups }) {
  let count = 0
  for (const group of groups) {
    const router = open(group)
    assert.equal(router.weight, group.weight)
    for (const node of router.nodes()) assert.equal(node.keyPrefix, group.key_prefix[node.cluster])
    const keys = group.cases.map(({ key, key_repeat }) => keyOf({ key, key_repeat }))
    const first = keys.map((key) => router.route(key).read.node.index)
    assert.deepEqual(Array.from(router.indexMany(keys)), first)
    const offsets = Uint32Array.from(
      [0, ...keys].map(
        (
          (end) => (key) =>
            (end += key.length ?? 0)
        )(0),
      ),
    )
    assert.deepEqual(Array.from(router.indexPacked(Buffer.concat(keys), offsets)), first)
    for (const { key: hex, key_repeat: repeat, ...expected } of group.cases) {
      const key = keyOf({ key: hex, key_repeat: repeat })
      const route = router.route(key)
      assert.deepEqual(described(route), expected)
      for (const target of [route.read, route.fallback].filter(Boolean)) {
        assert.equal(target.node, target.nodes[0])
        assert.equal(target.keyPrefix, group.key_prefix[target.cluster])
      }
      const text = key.toString()
      // The same key as a string, where it is one.
      if (Buffer.from(text).equals(key)) assert.equal(router.route(text), route)
      count += 1
    }
    router.close()
  }
  return count
}

function schedule({ cases }) {
  // This interface has no clock to set: the weight is one that the schedule ever has.
  for (const entry of cases) {
    const { weight } = open(entry)
    assert.ok(weight >= Math.min(...entry.weight) && weight <= 10_000)
  }
  return cases.length
}

function accept({ cases }) {
  for (const entry of cases) {
    const router = open(entry)
    assert.equal(String(router.generation), entry.generation)
    assert.equal(router.digest, entry.digest)
    assert.equal(router.stage, entry.stage)
    assert.equal(router.weight, entry.weight)
    assert.equal(
      router.maxTtl === null ? null : router.maxTtl * 1000,
      entry.max_ttl_ms && Number(entry.max_ttl_ms),
    )
    assert.equal(router.region, entry.region)
  }
  return cases.length
}

function specErrors({ cases }) {
  for (const entry of cases) {
    const error = thrownBy(() => open(entry))
    assert.ok(error instanceof RingshiftError)
    assert.equal(error.kind, entry.kind)
    assert.equal(error.code, `RINGSHIFT_${entry.kind.toUpperCase()}`)
    assert.equal(error.pointer, entry.pointer, error.message)
    for (const place of ['line', 'column']) {
      if (entry[place] !== undefined) assert.equal(error[place], entry[place], error.message)
    }
    for (const words of entry.says)
      assert.ok(error.message.includes(words), `${error.message} lacks ${words}`)
  }
  return cases.length
}

function thrownBy(run) {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' })
}

function golden({ specs, keys, expected }) {
  for (const [at, spec] of specs.entries()) {
    const router = Router.fromSpec(spec)
    const order = router.nodes()
    for (const [number, key] of keys.entries()) {
      const { node } = router.route(Buffer.from(key, 'hex')).read
      assert.equal(order.indexOf(node), expected[at][number])
    }
  }
  return specs.length * keys.length
}

function balance({ cases }) {
  for (const entry of cases) {
    const { warnings } = open(entry).metrics()
    const told = warnings.map(({ cluster, node, load, pointer }) => ({ cluster, node, load, pointer }))
    assert.deepEqual(told, entry.warnings)
  }
  return cases.length
}

function digest({ keys, digests }) {
  for (const entry of digests) {
    const router = open(entry)
    const sum = new Fnv1a()
    for (let number = 0; number < keys; number++) {
      const { read, fallback, moved } = router.route(`user:${number}:profile`)
      sum.add(`${read.node.id}|${fallback ? fallback.node.id : '-'}|${moved ? 1 : 0}\n`)
      if (number === 49_999) assert.equal(sum.hex(), entry.digest_50k, entry.about)
    }
    assert.equal(sum.hex(), entry.digest, entry.about)
  }
  return keys * digests.length
}
