// The peers, with as many points a node as ours.

import HashRing from 'hashring'
import Memcached from 'memcached'
import { ADDED, POINTS } from './keys.mjs'
import { oneByOne } from './measure.mjs'

export const NAMES = ['hashring', 'memcached']

export function peers(nodes) {
  // Four points come from each of these.
  const ring = (names) => new HashRing(names, 'md5', { 'vnode count': POINTS / 4 })
  return [
    subject('hashring', nodes, ring),
    subject("memcached's hashring", nodes, (names) => new Memcached(names).HashRing),
  ]
}

function subject(name, nodes, make) {
  const ring = make(nodes)
  return {
    name,
    // A function of its own for each, as is said at oneByOne.
    run: oneByOne((key) => ring.get(key)),
    owner: (key) => ring.get(key),
    grown: () => {
      const more = make([...nodes, ADDED])
      return (key) => more.get(key)
    },
  }
}
