// Specs for tests.

/** @param {Record<string, unknown>} changes */
export function nodes(addresses, prefix = 'n') {
  return addresses.map((address, number) => ({ id: `${prefix}${number}`, address }))
}

export function ring(addresses, changes = {}, prefix = 'n') {
  return { placement: { kind: 'ring' }, nodes: nodes(addresses, prefix), ...changes }
}

/** A spec with one cluster, blue. */
export function single(addresses, { generation = 1, cluster = {}, ...top } = {}) {
  const clusters = { blue: ring(addresses, cluster) }
  return JSON.stringify({ format: 1, generation, primary: 'blue', clusters, ...top })
}

/** A spec that migrates from blue to green. Green has the prefix g: unless told otherwise. */
export function migrating(from, to, migration, { generation = 1, blue = {}, green = {}, ...top } = {}) {
  return JSON.stringify({
    format: 1,
    generation,
    primary: 'blue',
    standby: 'green',
    clusters: { blue: ring(from, blue, 'b'), green: ring(to, { key_prefix: 'g:', ...green }, 'g') },
    migration: { id: 'm1', from: 'blue', to: 'green', ...migration },
    ...top,
  })
}

/** Settings of breakers that hardly ever open, for tests of what a failure alone does. */
export const NO_BREAKER = { breaker: { failures: 100, rate: 1, cluster_rate: 1, min_requests: 1_000_000 } }

/** Loopback addresses that nobody is asked at. */
export const BLUE = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']
export const GREEN = ['127.0.0.1:4', '127.0.0.1:5']
