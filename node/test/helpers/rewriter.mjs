// A worker that rewrites a spec file. Every third generation is invalid; by turns it renames and writes in place.
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const { file, rewrites, turn } = workerData

function specOf(generation) {
  const ids = (cluster) =>
    Array.from({ length: 5 }, (_, number) => ({
      id: `${cluster}${number}-${generation}`,
      address: `127.0.0.1:${cluster === 'blue' ? 1000 : 2000}${number}`,
    }))
  const cluster = (name) => ({ placement: { kind: 'ring', vnodes: 20 }, nodes: ids(name) })
  const spec = {
    format: 1,
    generation,
    primary: 'blue',
    standby: 'green',
    clusters: { blue: cluster('blue'), green: { ...cluster('green'), key_prefix: 'g:' } },
    migration: { id: 'm1', from: 'blue', to: 'green', stage: 'ramp', percent: generation % 100 },
  }
  const text = JSON.stringify(spec, null, 2)
  if (generation % 3 !== 0) return text
  // By turns: no JSON, and JSON that is no spec.
  return generation % 2 === 0 ? text.slice(0, text.length / 2) : text.replace('"blue"', '"bleu"')
}

function byRename(text) {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** As editors and careless scripts do it: a reader can see any part of it. */
function inPlace(text) {
  const descriptor = openSync(file, 'r+')
  ftruncateSync(descriptor, 0)
  const half = Math.floor(text.length / 2)
  writeSync(descriptor, text.slice(0, half), 0)
  fsyncSync(descriptor)
  writeSync(descriptor, text.slice(half), half)
  closeSync(descriptor)
}

for (let generation = 1; generation <= rewrites; generation++) {
  const write = generation > 1 && generation % 5 < 2 ? inPlace : byRename
  write(specOf(generation))
  Atomics.store(turn, 0, generation)
  Atomics.notify(turn, 0)
  // The reader opens the first, and is never more than a few behind.
  const least = generation === 1 ? 1 : generation - 3
  for (let seen = Atomics.load(turn, 1); seen < least; seen = Atomics.load(turn, 1)) {
    if (Atomics.wait(turn, 1, seen, 10_000) === 'timed-out') throw new Error('the reader has stopped')
  }
}
parentPort.postMessage('done')
