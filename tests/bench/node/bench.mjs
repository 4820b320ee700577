// Speed and balance of the Node package beside its peers: one JSON line a subject and number of nodes.
//
// `node bench.mjs NODES...`: tests/bench/run.py runs it and makes the table.

import { createRequire } from 'node:module'
import HashRing from 'hashring'
import Memcached from 'memcached'
import { makeKeys, makeNodes, makeSpec, POINTS } from './keys.mjs'

const require = createRequire(import.meta.url)
const { Router } = require('../../../node')

const KEYS = 1_000_000
const ROUNDS = 5
const BUDGET = 0.4e9
const TRIAL = 2_000
const BATCH = 1_000

let loops = 0

/**
 * A subject's loop, compiled for it alone: one loop shared by all would call through a cache that has seen too many
 * functions, and every figure would be that of the slow way.
 */
function oneByOne(call) {
  const loop = `let seen; for (let index = 0; index < count; index++) seen = call(keys[index]); return seen // ${++loops}`
  const run = new Function('call', 'keys', 'count', `${loop}\n`)
  return (keys, count) => run(call, keys, count)
}

function inBatches(call) {
  return (keys, count) => {
    let seen
    for (let start = 0; start < count; start += BATCH) seen = call(keys.slice(start, start + BATCH))
    return seen
  }
}

function subjects(nodes) {
  const router = Router.fromSpec(makeSpec(nodes, false))
  const migrating = Router.fromSpec(makeSpec(nodes, true))
  const ring = new HashRing(nodes, 'md5', { 'vnode count': POINTS / 4 })
  const memcached = new Memcached(nodes)
  return [
    { name: 'floor: function of JavaScript that returns its key', run: oneByOne((key) => key) },
    {
      name: 'ringshift: route',
      run: oneByOne((key) => router.route(key)),
      owner: (key) => router.route(key).read.node.address,
    },
    { name: 'ringshift: route, migrating', run: oneByOne((key) => migrating.route(key)) },
    { name: `ringshift: routeMany, ${BATCH} keys a call`, run: inBatches((keys) => router.routeMany(keys)) },
    { name: 'hashring', run: oneByOne((key) => ring.get(key)), owner: (key) => ring.get(key) },
    {
      name: "memcached's hashring",
      run: oneByOne((key) => memcached.HashRing.get(key)),
      owner: (key) => memcached.HashRing.get(key),
    },
  ]
}

function nanoseconds(subject, keys, count) {
  const start = process.hrtime.bigint()
  subject.run(keys, count)
  return Number(process.hrtime.bigint() - start) / count
}

/** Keys of the fullest node by the average of all nodes; null where it isn't measured. */
function balance(subject, keys, count, nodes) {
  // Fewer than a hundred keys a node say nothing about balance.
  if (!subject.owner || count < nodes * 100) return null
  const shares = new Map()
  for (let index = 0; index < count; index++) {
    const owner = subject.owner(keys[index])
    shares.set(owner, (shares.get(owner) ?? 0) + 1)
  }
  return (Math.max(...shares.values()) * nodes) / count
}

function measure(nodes, keys) {
  const made = subjects(makeNodes(nodes))
  const counts = made.map((subject) => {
    // Long enough for the compiler to have done its work, and never the same keys, which some peers remember.
    let last = 0
    for (let turn = 0; turn < 20; turn++) {
      last = nanoseconds(subject, keys.slice(turn * TRIAL, (turn + 1) * TRIAL), TRIAL)
    }
    return Math.min(Math.max(Math.floor(BUDGET / last), TRIAL), keys.length)
  })
  const rounds = made.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of made.entries()) {
      rounds[index].push(nanoseconds(subject, keys, counts[index]))
    }
  }
  made.forEach((subject, index) => {
    const line = { suite: 'node', subject: subject.name, nodes, keys: counts[index], ns: rounds[index] }
    console.log(JSON.stringify({ ...line, max_over_avg: balance(subject, keys, counts[index], nodes) }))
  })
}

const keys = makeKeys(KEYS)
for (const count of process.argv.slice(2).map(Number)) measure(count, keys)
const versions = { 'Node.js': process.versions.node }
for (const peer of ['hashring', 'memcached']) versions[peer] = require(`${peer}/package.json`).version
console.log(JSON.stringify({ suite: 'node', versions }))
