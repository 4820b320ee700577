// The router's own interface; what it decides is checked by the vectors.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { BLUE, GREEN, migrating, single } from './helpers/specs.mjs'
import { temporaryDirectory } from './helpers/temporary.mjs'
import { until } from './helpers/until.mjs'

const keys = Array.from({ length: 200 }, (_, number) => `user:${number}`)
const ramp = migrating(BLUE, GREEN, { stage: 'ramp', percent: 50 }, { max_ttl: '90s' })

test('a route has all its parts, frozen', () => {
  const router = Router.fromSpec(ramp)
  const route = keys.map((key) => router.route(key)).find(({ moved }) => moved)
  assert.deepEqual(Object.keys(route), [
    'read',
    'fallback',
    'fill',
    'invalidate',
    'stage',
    'moved',
    'generation',
  ])
  assert.deepEqual(
    { ...route.read.node },
    {
      index: route.read.node.index,
      id: route.read.node.id,
      address: route.read.node.address,
      weight: 1,
      zone: null,
      cluster: 'green',
      keyPrefix: 'g:',
    },
  )
  assert.equal(route.fallback.cluster, 'blue')
  assert.equal(route.fill, true)
  const parts = [route, route.read, route.fallback, route.invalidate, route.read.nodes, route.read.node]
  for (const part of parts) assert.ok(Object.isFrozen(part))
})

test('equal routes are one object, and nodes are good keys of a Map', () => {
  const router = Router.fromSpec(ramp)
  const routes = new Set(keys.map((key) => router.route(key)))
  assert.ok(routes.size <= BLUE.length * GREEN.length * 2)
  const found = new Set([...routes].flatMap((route) => [...route.invalidate, ...route.read.nodes]))
  assert.equal(found.size, BLUE.length + GREEN.length)
  assert.deepEqual(new Set(router.nodes()), found)
})

test('nodes stay the same objects through new specs, routes do not', () => {
  const router = Router.fromSpec(single(BLUE))
  const nodes = router.nodes()
  const route = router.route('user:42')
  router.apply(single([...BLUE, '127.0.0.1:9'], { generation: 2 }))
  assert.deepEqual(router.nodes().slice(0, 3), nodes)
  for (const [position, node] of router.nodes().slice(0, 3).entries()) assert.equal(node, nodes[position])
  assert.notEqual(router.route('user:42'), route)
  assert.deepEqual([route.generation, router.route('user:42').generation], [1, 2])
})

test('a new address is a new node', () => {
  const router = Router.fromSpec(single(BLUE))
  const [before] = router.nodes()
  router.apply(single(['127.0.0.1:7', ...BLUE.slice(1)], { generation: 2 }))
  const [after] = router.nodes()
  assert.equal(after.id, before.id)
  assert.notEqual(after, before)
  // Requests that were under way to the old one can still be reported.
  router.report(before, 'hit')
})

test('routeMany and groupByNode say what route says', () => {
  const router = Router.fromSpec(ramp)
  assert.deepEqual(
    router.routeMany(keys),
    keys.map((key) => router.route(key)),
  )
  const groups = router.groupByNode(new Set(keys))
  assert.equal(
    [...groups.values()].reduce((sum, group) => sum + group.length, 0),
    keys.length,
  )
  for (const [node, positions] of groups) {
    for (const position of positions) assert.equal(router.route(keys[position]).read.node, node)
  }
})

test('state', () => {
  const router = Router.fromSpec(ramp, { region: 'kr' })
  assert.deepEqual(
    [router.generation, router.stage, router.weight, router.region, router.maxTtl, router.epoch],
    [1, 'ramp', 5000, 'kr', 90, 1],
  )
  assert.match(router.digest, /^[0-9a-f]{32}$/)
  assert.equal(router.lastError, null)
})

test('a region follows its own plan', () => {
  const plans = { stage: 'prepare', regions: { kr: { stage: 'ramp', percent: 25 } } }
  const spec = migrating(BLUE, GREEN, plans)
  const seen = [undefined, null, 'jp', 'kr'].map((region) => Router.fromSpec(spec, { region }))
  assert.deepEqual(
    seen.map(({ stage, weight }) => [stage, weight]),
    [
      ['prepare', 0],
      ['prepare', 0],
      ['prepare', 0],
      ['ramp', 2500],
    ],
  )
})

test('apply says whether the spec is a new one', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.equal(router.apply(single(BLUE)), false)
  assert.equal(router.apply(Buffer.from(single(BLUE, { generation: 2 }))), true)
  assert.equal(router.refresh(), false)
  assert.equal(router.generation, 2)
})

test('a generation of more than 31 bits', () => {
  const router = Router.fromSpec(single(BLUE, { generation: 5_000_000_000 }))
  assert.equal(router.generation, 5_000_000_000)
  assert.equal(router.route('user:42').generation, 5_000_000_000)
  router.close()
  assert.throws(() => router.generation, { code: 'RINGSHIFT_CLOSED' })
})

test('refresh applies the file, and keeps the last good spec when it is bad', (t) => {
  const file = path.join(temporaryDirectory(t), 'cache.json')
  writeFileSync(file, single(BLUE))
  const router = Router.open(file)
  assert.equal(router.refresh(), false)
  writeFileSync(file, single(BLUE, { generation: 2 }))
  assert.equal(router.refresh(), true)
  writeFileSync(file, '{')
  assert.throws(() => router.refresh(), { code: 'RINGSHIFT_SPEC_SYNTAX' })
  assert.equal(router.lastError.code, 'RINGSHIFT_SPEC_SYNTAX')
  assert.equal(router.generation, 2)
  assert.equal(router.route('user:42').generation, 2)
  writeFileSync(file, single(BLUE, { generation: 3 }))
  assert.equal(router.refresh(), true)
  assert.equal(router.lastError, null)
  assert.deepEqual(router.metrics().reloads.rejected, 1)
})

test('events tell what happened', () => {
  const router = Router.fromSpec(single(BLUE))
  assert.throws(() => router.apply('{'), { code: 'RINGSHIFT_SPEC_SYNTAX' })
  const events = router.events()
  const { time, message, ...refused } = events[1]
  assert.deepEqual(refused, {
    sequence: 2,
    kind: 'rejected',
    level: 'warning',
    generation: 1,
    cluster: null,
    node: null,
    error: 'spec_syntax',
    pointer: null,
    line: 1,
    column: 1,
  })
  assert.match(message, /^line 1, column 1: not JSON/)
  assert.ok(Math.abs(time - Date.now()) < 3_600_000)
  assert.equal(events[0].kind, 'applied')
  assert.deepEqual(router.events(1), events.slice(1))
  assert.deepEqual(router.events(2), [])
  assert.equal(router.metrics().reloads.lastErrorKind, 'spec_syntax')
  for (const wrong of [-1, 0.5, '1', null, Number.NaN]) assert.throws(() => router.events(wrong), TypeError)
})

test('a last good copy lets a router start', (t) => {
  const directory = temporaryDirectory(t)
  const [file, lastGood] = ['cache.json', 'good.json'].map((name) => path.join(directory, name))
  writeFileSync(file, single(BLUE))
  Router.open(file, { lastGood }).close()
  writeFileSync(file, 'half a sp')
  assert.throws(() => Router.open(file), { code: 'RINGSHIFT_SPEC_SYNTAX' })
  const router = Router.open(file, { lastGood })
  assert.equal(router.generation, 1)
  assert.equal(router.lastError.code, 'RINGSHIFT_SPEC_SYNTAX')
})

test('reports are counted, and failures open the breaker', () => {
  const router = Router.fromSpec(single(BLUE, { breaker: { max_ejected: 1 } }))
  const { read } = router.route('user:42')
  router.report(read, 'hit')
  router.report(read.node, 'ok', 'fill')
  for (let failure = 0; failure < 3; failure++) router.report(read, 'timeout', 'invalidate')
  const counts = router.metrics().requests.map(({ op, outcome, count }) => [op, outcome, count])
  assert.deepEqual(counts, [
    ['read', 'hit', 1],
    ['fill', 'ok', 1],
    ['invalidate', 'timeout', 3],
  ])
  const open = router.metrics().breakers.filter(({ state }) => state === 'open')
  assert.deepEqual(open, [{ cluster: 'blue', node: read.node.id, state: 'open', opened: 1 }])
  const route = router.route('user:42')
  assert.equal(route.read, null)
  assert.deepEqual(route.invalidate, [read.node])
  assert.equal(router.groupByNode(['user:42']).get(null).length, 1)
})

test("a breaker's one probe reaches the caller, also when its route is a new object", async () => {
  const breaker = { failures: 1, open: '5ms', max_open: '5ms', max_ejected: 1 }
  const router = Router.fromSpec(single(BLUE, { breaker }))
  const [node] = router.nodes()
  const key = keys.find((each) => router.route(each).read.node === node)
  const open = () => router.metrics().breakers.some(({ state }) => state === 'open')
  for (let generation = 2; generation < 12; generation++) {
    router.report(node, 'error')
    assert.equal(router.route(key).read, null)
    // All routes become new objects while the breaker is open.
    router.apply(single(BLUE, { generation, breaker }))
    await until(() => !open())
    const probe = router.route(key)
    assert.equal(probe.read.node, node)
    assert.equal(router.route(key).read, null, 'only one is let through')
    router.report(node, 'ok')
    assert.equal(router.route(key).read.node, node)
  }
})

test('metrics have JavaScript names, and metricsText is OpenMetrics', () => {
  const router = Router.fromSpec(ramp)
  router.report(router.route('user:42').read, 'miss')
  const metrics = router.metrics()
  assert.deepEqual(Object.keys(metrics).sort(), [
    'breakers',
    'clusterBreakers',
    'debts',
    'digest',
    'epoch',
    'generation',
    'owed',
    'region',
    'reloads',
    'requests',
    'stage',
    'warnings',
    'weight',
  ])
  assert.ok(Math.abs(metrics.reloads.lastSuccess - Date.now() / 1000) < 3600)
  assert.equal(metrics.reloads.lastError, null)
  const text = router.metricsText()
  assert.match(text, /^ringshift_requests_total\{.*outcome="miss".*\} 1$/m)
  assert.match(text, /# EOF\n$/)
})

test('after close, everything says so', () => {
  const router = Router.fromSpec(single(BLUE), { region: 'kr', watch: 1000 })
  const [node] = router.nodes()
  router.close()
  router.close()
  const uses = [
    () => router.route('user:42'),
    () => router.routeMany(['user:42']),
    () => router.groupByNode(['user:42']),
    () => router.indexMany(['user:42']),
    () => router.indexPacked(Buffer.from('user:42'), Uint32Array.of(0, 7)),
    () => router.node(0),
    () => router.report(node, 'hit'),
    () => router.refresh(),
    () => router.apply(single(BLUE)),
    () => router.nodes(),
    () => router.metrics(),
    () => router.metricsText(),
    () => router.events(),
    ...['generation', 'digest', 'epoch', 'stage', 'weight', 'maxTtl', 'lastError'].map(
      (name) => () => router[name],
    ),
  ]
  for (const use of uses) assert.throws(use, { code: 'RINGSHIFT_CLOSED' }, String(use))
  assert.equal(router.region, 'kr')
})

test('a router can be disposed of', () => {
  const router = Router.fromSpec(single(BLUE))
  router[Symbol.dispose]()
  assert.throws(() => router.route('user:42'), { code: 'RINGSHIFT_CLOSED' })
})
