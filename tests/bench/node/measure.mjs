// How time, balance and moves are taken: subjects in turn, several times over, so that a slow moment falls on all alike.
//
// A subject has a `name` and a `run` over the first so many keys; if it is a placement, an `owner` that tells a key's node
// and a `grown` that makes the owner of the same placement with one node more.

import { ADDED } from './keys.mjs'

const ROUNDS = 5
const BUDGET = 0.4e9
const TRIAL = 2_000
// A slow subject is asked for its balance and moves for about so long at most.
const PLACING = 2e9
// Keys for each node, without which balance and moves would be those of chance.
const BALANCE_NEEDS = 1_000
const MOVES_NEED = 100
// The number of nodes at which it is measured what one node more moves.
const MOVED_AT = 100

export const BATCH = 1_000

let loops = 0

/**
 * A subject's loop, compiled for it alone: one loop shared by all would call through a cache that has seen too many
 * functions, and every figure would be that of the slow way.
 */
export function oneByOne(call) {
  const loop = `let seen; for (let index = 0; index < count; index++) seen = call(keys[index]); return seen // ${++loops}`
  const run = new Function('call', 'keys', 'count', `${loop}\n`)
  return (keys, count) => run(call, keys, count)
}

/** Keys as one who asks for many at once has them: in lists of `BATCH`. */
export function batches(keys) {
  const lists = []
  for (let start = 0; start < keys.length; start += BATCH) lists.push(keys.slice(start, start + BATCH))
  return lists
}

/** Such lists, or what `prepare` of the subject made of the keys: that is not part of the figure. */
export function inBatches(call) {
  const run = (lists) => {
    let seen
    for (const list of lists) seen = call(list)
    return seen
  }
  return Object.assign(run, { prepare: batches })
}

function nanoseconds(subject, keys, count) {
  const prepare = subject.prepare ?? subject.run.prepare
  const work = prepare ? prepare(keys.slice(0, count)) : keys
  const start = process.hrtime.bigint()
  subject.run(work, count)
  return Number(process.hrtime.bigint() - start) / count
}

/** Keys of the fullest node by the average of all nodes; null where it isn't measured. */
function balance(subject, nodes, keys, count) {
  if (!subject.owner) return null
  const shares = new Map(nodes.map((node) => [node, 0]))
  let counted = 0
  for (let index = 0; index < count; index++) {
    const owner = subject.owner(keys[index])
    if (!shares.has(owner)) continue
    shares.set(owner, shares.get(owner) + 1)
    counted++
  }
  const name = `${subject.name}: keys by node add up, N = ${nodes.length}`
  check(name, counted === count, `${counted} of ${count} keys have a node`)
  return (Math.max(...shares.values()) * nodes.length) / count
}

/** The share of the keys that move when one node is added, by the share that the new node should have. */
function moved(subject, nodes, keys, count) {
  if (!subject.grown) return null
  const after = subject.grown()
  let moves = 0
  let elsewhere = 0
  for (let index = 0; index < count; index++) {
    const now = after(keys[index])
    if (subject.owner(keys[index]) === now) continue
    moves++
    if (now !== ADDED) elsewhere++
  }
  if (subject.isOurs) {
    const detail = `${elsewhere} of ${moves} keys that moved went to an old node`
    check(
      `${subject.name}: a new node takes keys and nothing else moves`,
      moves > 0 && elsewhere === 0,
      detail,
    )
  }
  return (moves * (nodes.length + 1)) / count
}

export function measure(subjects, nodes, keys) {
  const counts = subjects.map((subject) => {
    // Long enough for the compiler to have done its work, and never the same keys, which some peers remember.
    let last = 0
    for (let turn = 0; turn < 20; turn++) {
      last = nanoseconds(subject, keys.slice(turn * TRIAL, (turn + 1) * TRIAL), TRIAL)
    }
    return Math.min(Math.max(Math.floor(BUDGET / last), TRIAL), keys.length)
  })
  const rounds = subjects.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of subjects.entries()) {
      rounds[index].push(nanoseconds(subject, keys, counts[index]))
    }
  }
  subjects.forEach((subject, index) => {
    const count = counts[index]
    const affordable = Math.floor(PLACING / Math.min(...rounds[index]))
    const placed = Math.min(Math.max(affordable, count), keys.length)
    show({
      subject: subject.name,
      nodes: nodes.length,
      keys: count,
      ns: rounds[index],
      max_over_avg: placed >= nodes.length * BALANCE_NEEDS ? balance(subject, nodes, keys, placed) : null,
      moved:
        placed >= nodes.length * MOVES_NEED && nodes.length === MOVED_AT
          ? moved(subject, nodes, keys, placed)
          : null,
    })
  })
}

/** Prints whether something holds that must hold whatever the machine. */
export function check(name, ok, detail) {
  show({ check: name, ok, detail })
}

export function show(line) {
  console.log(JSON.stringify({ suite: 'node', ...line }))
}
