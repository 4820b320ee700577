// The keys and nodes that every program of the benchmark uses, in every language.

export const POINTS = 160

/** A node that is added. */
export const ADDED = '10.255.0.0:11211'

/** Keys like `user:12345678:profile`, all different. */
export function makeKeys(count) {
  const keys = new Array(count)
  for (let index = 0; index < count; index++) {
    const number = (index * 48271) % 100_000_000
    // Through a buffer: a string that was put together in JavaScript is a rope until somebody reads it.
    keys[index] = Buffer.from(`user:${String(number).padStart(8, '0')}:profile`).toString('latin1')
  }
  return keys
}

/** `10.0.0.0:11211` and on. */
export function makeNodes(count) {
  return Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:11211`)
}

/** One cluster; when migrating, half of the keys on the way to another with one node more. */
export function makeSpec(nodes, migrating) {
  const cluster = (names, prefix) => ({
    placement: { kind: 'ring', vnodes: POINTS },
    key_prefix: prefix,
    nodes: names.map((name) => ({ id: name, address: name })),
  })
  const spec = { format: 1, generation: 1, primary: 'blue', clusters: { blue: cluster(nodes, '') } }
  if (migrating) {
    spec.clusters.green = cluster([...nodes, ADDED], 'g1:')
    spec.standby = 'green'
    spec.migration = { id: 'bench', from: 'blue', to: 'green', stage: 'ramp', percent: 50 }
  }
  return JSON.stringify(spec)
}
