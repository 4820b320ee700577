// What the package gives out. Documented here for people and editors; the code beside it has no other comments on it.

/** How a router is opened. */
export interface RouterOptions {
  /** The region of this process; decides which plan of a migration it follows. */
  region?: string | null
  /**
   * Milliseconds between refreshes, 1 to 2^31 - 1. Each is done in a thread of Node's pool, and holds up nobody. The
   * timer keeps neither the process nor the router alive, and goes on after a bad spec, which `metrics()` and
   * `lastError` tell. Without it, call `refresh()`.
   */
  watch?: number | null
  /** A file in which the last good spec is kept, so that a process can start when the spec is bad or gone. */
  lastGood?: string | null
}

/** The stage of a migration, as it is in this process' region. */
export type Stage = 'none' | 'prepare' | 'ramp' | 'soak'

/** What a request was for: to get a value, to store a copy, to remove or replace a value that is no longer true. */
export type Op = 'read' | 'fill' | 'invalidate'

/**
 * How a request ended. `error`, `timeout` and `unreachable` speak against the node and open its breaker and that of its
 * cluster, the last the node's at once:
 * there was no connection and none could be made, so that nothing was sent. With `unsent`
 * nothing was sent, or its answer was not waited for, for a reason of the caller's own, as when it was closed meanwhile; it
 * says nothing of the node.
 */
export type Outcome = 'hit' | 'miss' | 'ok' | 'error' | 'timeout' | 'unreachable' | 'unsent'

/**
 * A node of a cluster. There is one object for each as long as the router lives and nothing about the node
 * changes, so nodes can be keys of a Map.
 */
export interface Node {
  /** Unique within the router, for its life. */
  readonly index: number
  /** The stable name that decides placement. */
  readonly id: string
  /** Where to connect: `host:port`, `[v6]:port` or the path of a unix socket. */
  readonly address: string
  /** Share of the keys relative to other nodes. */
  readonly weight: number
  /** The failure domain, if the spec names one. */
  readonly zone: string | null
  /** The cluster that this is a node of. */
  readonly cluster: string
  /** What is put before a key on the wire; '' for nothing. */
  readonly keyPrefix: string
}

/** Where a key lives in one cluster. Nodes whose breaker is open are left out. */
export interface Target {
  readonly cluster: string
  readonly keyPrefix: string
  /** At least one, in read order. */
  readonly nodes: readonly Node[]
  /** The first of them. */
  readonly node: Node
}

/** What to do for a key. Frozen, and shared by all keys that have the same route. */
export interface Route {
  /** Where to read; null if open breakers, of nodes or clusters, leave nothing to read: go to the origin. */
  readonly read: Target | null
  /** Where to look after a miss, if anywhere. */
  readonly fallback: Target | null
  /** Whether a value found at `fallback` is copied to `read`. */
  readonly fill: boolean
  /** Where to remove the key when its value changes, in order: each acknowledged before the next is sent. */
  readonly invalidate: readonly Node[]
  readonly stage: Stage
  /** Whether the key has moved; an open breaker may still send it elsewhere. */
  readonly moved: boolean
  /** The generation of the spec that the route comes from. */
  readonly generation: number
}

/** A key whose invalidation is to be sent again. */
export interface OwedKey {
  /** Its bytes, without the prefix of any cluster. */
  readonly key: Uint8Array
  /** Which loss this is about: one that came later is not repaid with it. */
  readonly loss: number
}

/** All counters and states of a router. No key is ever among them. */
export interface Metrics {
  readonly generation: number
  readonly digest: string
  /** How often a spec or a step of a schedule was put in force. */
  readonly epoch: number
  readonly region: string | null
  readonly stage: Stage
  /** Moved share of the keys in basis points. */
  readonly weight: number
  readonly reloads: {
    /** Refreshes that have ended, however they did: a number that stands still means that nobody watches. */
    readonly refreshes: number
    readonly applied: number
    readonly unchanged: number
    readonly rejected: number
    /** A spec was put in force that may not follow the one before, such as one that skips a stage. */
    readonly illegal: number
    /** The generations of the last such change and why it is illegal. */
    readonly lastIllegal: string | null
    /** Seconds since 1970. */
    readonly lastSuccess: number
    /** What is wrong with the file at present: where (pointer, line and column), what, and what would be right. */
    readonly lastError: string | null
    /** Its kind. */
    readonly lastErrorKind: ErrorKind | null
    /** Why the last good copy could not be written, if one is kept. */
    readonly lastGoodError: string | null
  }
  /** Requests that were reported; those that never happened are left out. */
  readonly requests: readonly {
    readonly cluster: string
    readonly op: Op
    readonly outcome: Outcome
    readonly count: number
  }[]
  readonly breakers: readonly {
    readonly cluster: string
    readonly node: string
    readonly state: 'closed' | 'open' | 'half_open'
    /** How often it has opened, failed probes included. */
    readonly opened: number
  }[]
  /** The breakers of clusters: one that is open keeps this process from reading the cluster. */
  readonly clusterBreakers: readonly {
    readonly cluster: string
    readonly state: 'closed' | 'open' | 'half_open'
    /** How often it has opened, failed probes included. */
    readonly opened: number
  }[]
  /** The invalidations that were lost, for each cluster of the spec, by name. */
  readonly debts: readonly {
    readonly cluster: string
    /** How many were reported as `error`, `timeout`, `unreachable` or `unsent`, under the cluster's present `key_prefix`. */
    readonly lost: number
    /** When the last of them was, in seconds since 1970; 0 if there was none. */
    readonly last: number
    /**
     * Whether a value that it should have removed may still be there: until `max_ttl` and 30 seconds have passed or
     * the `key_prefix` changes. Whoever changes stages doesn't move towards such a cluster.
     */
    readonly open: boolean
  }[]
  /** Lost invalidations that are to be sent again: how much this process keeps itself from reading. */
  readonly owed: {
    /** Keys that are not read where their invalidation was lost. */
    readonly keys: number
    /**
     * Nodes that are not read at all, since more keys were lost there than a router remembers. Those that values were
     * copied from before are one together: nothing is read anywhere then.
     */
    readonly unlistedNodes: number
    /** Keys whose invalidation was sent again, and acknowledged. */
    readonly repaid: number
  }
  /** Clusters of the spec in force whose fullest node owns over 15 % more than its fair share. */
  readonly warnings: readonly {
    readonly cluster: string
    readonly node: string
    /** How much of its fair share that node owns, in basis points, rounded up. */
    readonly load: number
    /** The JSON pointer of the cluster's placement. */
    readonly pointer: string
    /** A number of `vnodes` that mends it, if one was found. */
    readonly vnodes: number | null
    /** A `max_load` that mends it, if one was found, in basis points. */
    readonly maxLoad: number | null
    /** What is wrong and what would mend it. */
    readonly message: string
  }[]
}

/** One thing that happened to a router. No key and no value is ever in it. */
export interface RouterEvent {
  /** Its number: 1 for a router's first event, and one more for each. */
  readonly sequence: number
  /** When it happened, in milliseconds since 1970, as `Date` takes it. */
  readonly time: number
  /**
   * `applied`, `rejected`, `mended`, `illegal`, `last_good_used`, `last_good_unsaved`, `last_good_saved`,
   * `breaker_opened`, `breaker_closed`, `cluster_breaker_opened` or `cluster_breaker_closed`. More kinds may come.
   */
  readonly kind: string
  /** How to log it. */
  readonly level: 'info' | 'warning'
  /** The generation that was in force after it. */
  readonly generation: number
  /** The cluster that it is about, if it is about one. */
  readonly cluster: string | null
  /** The node's id, if it is about one. */
  readonly node: string | null
  /** The kind of error, if it is about one. */
  readonly error: ErrorKind | null
  /** The JSON pointer of what is wrong with the spec, if that is known. */
  readonly pointer: string | null
  /** The line in the spec, from 1. */
  readonly line: number | null
  /** The column in that line, in bytes, from 1. */
  readonly column: number | null
  /** What happened, for people to read. */
  readonly message: string
}

/** Stands for nowhere to read among the indices of nodes: 0xffffffff. */
export const NO_NODE: number

/**
 * Answers routes from the spec in force, and takes up a new spec while it serves. Belongs to the thread that made
 * it; each worker opens its own.
 *
 * @example
 * const router = Router.open('cache.json', { region: 'kr', watch: 1000 })
 * const { read } = router.route('user:42')
 */
export class Router {
  private constructor()

  /**
   * Opens a spec file.
   * @throws {RingshiftError} the file can't be read, or its spec is bad and there is no good copy of it
   */
  static open(path: string, options?: RouterOptions): Router

  /**
   * A router without a file: its spec changes by `apply` only, and `refresh` only moves a schedule on.
   * @throws {RingshiftError} the spec is bad
   */
  static fromSpec(text: string | Uint8Array, options?: RouterOptions): Router

  /**
   * The route of a key: a string, which stands for its UTF-8 bytes, or the bytes themselves.
   * @throws {RingshiftError} RINGSHIFT_INVALID_KEY for a string with a lone surrogate
   * @throws {TypeError} neither a string nor a Uint8Array
   */
  route(key: string | Uint8Array): Route

  /** The routes of many keys, all of one generation. */
  routeMany(keys: Iterable<string | Uint8Array>): Route[]

  /**
   * The `index` of the node that is read first for each key, `NO_NODE` for nowhere to read. All belong to one generation:
   * nothing else runs in this thread meanwhile. Fastest for an array of strings.
   * @param out where to write them; at least as long as there are keys
   * @returns `out`, or a new array
   * @throws {RingshiftError} RINGSHIFT_INVALID_KEY for a string with a lone surrogate: some of `out` may then be written
   */
  indexMany(keys: Iterable<string | Uint8Array>, out?: Uint32Array): Uint32Array

  /**
   * The same for keys that lie one after the other in memory: key n is the bytes from `offsets[n]` up to `offsets[n + 1]`.
   * @param offsets one more than keys, rising
   * @throws {RingshiftError} RINGSHIFT_INVALID_ARGUMENT for offsets that don't rise up to the length, a room that is too
   * short, and memory that is shared or overlaps: nothing is then written
   */
  indexPacked(bytes: Uint8Array, offsets: Uint32Array, out?: Uint32Array): Uint32Array

  /**
   * The node of an index that this router gave out, however long ago it left the spec.
   * @throws {RingshiftError} RINGSHIFT_INVALID_ARGUMENT this router has no such node
   */
  node(index: number): Node

  /** The positions of keys by the node that is read first; under null those with nowhere to read. */
  groupByNode(keys: Iterable<string | Uint8Array>): Map<Node | null, number[]>

  /**
   * Counts how a request ended. Failures open the breakers of the node and its cluster, answers close them. An invalidation
   * that failed is reported by `lost`.
   */
  report(nodeOrTarget: Node | Target, outcome: Outcome, op?: Op): void

  /**
   * Counts an invalidation that a node did not acknowledge, as `report` does, and remembers its key: until it is repaid, or
   * no value that it should have removed can live any more, routes don't read it there, nor anywhere else if values
   * are copied from there in a migration. So what a node held before it was down is not read when it is back. Keys take at most 16 MiB of a router;
   * what is lost beyond that keeps the node from being read at all, for as long as its values can live.
   * @param outcome `error` (which it is unless given), `timeout`, `unreachable` or `unsent`
   */
  lost(nodeOrTarget: Node | Target, key: string | Uint8Array, outcome?: Outcome): void

  /**
   * Keys whose invalidation is to be sent again, now that a node has answered. Ask after each request that a node answered:
   * while nothing is owed that costs next to nothing. A few keys are given at a time, and each of them once in five seconds
   * until it is repaid.
   */
  owed(nodeOrTarget: Node | Target): readonly OwedKey[]

  /**
   * Says that an owed key was removed from every node of its route, in order, and each of them acknowledged that. Does
   * nothing if it was lost once more meanwhile, or is not owed.
   */
  repaid(key: string | Uint8Array, loss: number): void

  /**
   * Reads the file again, synchronously, and puts its spec in force if it is a new one. Whatever fails, the spec
   * in force stays.
   * @returns whether a new spec was put in force
   * @throws {RingshiftError} the file can't be read, or its spec was rejected
   */
  refresh(): boolean

  /** Puts the given spec in force, under the same rules as `refresh`. */
  apply(text: string | Uint8Array): boolean

  /** The generation in force. */
  readonly generation: number
  /** The content hash of the spec in force: 32 hex digits. */
  readonly digest: string
  /** Rises whenever a spec or a step of a schedule is put in force. */
  readonly epoch: number
  /** The stage in this process' region. */
  readonly stage: Stage
  /** The share of the keys that have moved in this process' region, in basis points: 0 to 10000. */
  readonly weight: number
  /** The region of this process. */
  readonly region: string | null
  /** The longest time to live that a value may have, in seconds. */
  readonly maxTtl: number | null
  /** What is wrong with the spec file at present. */
  readonly lastError: RingshiftError | null

  /** The nodes of all clusters in the spec, by cluster name and in the order of the spec. */
  nodes(): Node[]

  /** All counters and states, for the host's own registry. */
  metrics(): Metrics

  /**
   * What happened since the event with this number (0: from the first), oldest first. For a program's log, which asks
   * with the `sequence` of the last event that it has. The last 256 are kept: if the first one is not number
   * `since + 1`, those between them are forgotten.
   */
  events(since?: number): RouterEvent[]

  /** The metrics in the OpenMetrics text format, version 1.0. */
  metricsText(): string

  /** Stops watching and frees the router. After it, everything throws RINGSHIFT_CLOSED; closing again is fine. */
  close(): void

  /** `close`, for `using`. */
  [Symbol.dispose](): void
}

/** The names of all kinds of error. */
export type ErrorKind =
  | 'invalid_argument'
  | 'invalid_key'
  | 'io'
  | 'spec_syntax'
  | 'spec_invalid'
  | 'spec_limit'
  | 'stale_generation'
  | 'generation_conflict'
  | 'closed'
  | 'invalidation_lost'
  | 'internal'

/** `RINGSHIFT_` and the kind in capitals. */
export type ErrorCode = `RINGSHIFT_${Uppercase<ErrorKind>}`

/** All kinds of error with the numbers that they have in C. */
export const ERROR_KINDS: readonly {
  readonly number: number
  readonly kind: ErrorKind
  readonly code: ErrorCode
}[]

/**
 * Everything that goes wrong, but for values of a wrong type: those are TypeErrors with the code
 * RINGSHIFT_INVALID_ARGUMENT. The message says where, what is wrong and what would be right.
 */
export class RingshiftError extends Error {
  constructor(failure: { kind: ErrorKind; message: string; pointer?: string; line?: number; column?: number })
  readonly kind: ErrorKind
  readonly code: ErrorCode
  /** The JSON pointer of the offending value in the spec. */
  readonly pointer: string | null
  /** Its line, from 1. */
  readonly line: number | null
  /** Its column, in bytes, from 1. */
  readonly column: number | null
}

/**
 * Rejects a write of an adapter that didn't reach every node which may serve the key: some process may read an old
 * value until it is sent again. The other nodes were written.
 */
export class InvalidationLostError extends RingshiftError {
  /** Every node and key that was not acknowledged, in the order of the routes; not shown by loggers. */
  readonly lost: readonly { readonly node: Node; readonly key: string | Uint8Array; readonly error: Error }[]
  constructor(lost: readonly { node: Node; key: string | Uint8Array; error: Error }[])
  readonly kind: 'invalidation_lost'
  /** The key, which is not in the message and not enumerable. */
  readonly key: string | Uint8Array
  /** The cluster of the first node that wasn't reached. */
  readonly cluster: string
  /** The first node that wasn't reached. */
  readonly node: Node
  /** All nodes that weren't reached, in the order of the route. */
  readonly nodes: readonly Node[]
}

/** Keys that would go from one node to another. */
export interface Flow {
  /** The id of the node that loses them. */
  readonly from: string
  /** The id of the node that gets them. */
  readonly to: string
  /** Which share of all keys, 0 to 1. */
  readonly share: number
}

/** What would move between two clusters, or two states of one. */
export interface ClusterMoves {
  /** The cluster that keys leave. */
  readonly from: string
  /** The cluster that keys go to. */
  readonly to: string
  /** The share of the keys whose entry would be elsewhere, 0 to 1. */
  readonly moved: number
  /** From which node to which, the largest share first. What stays is left out. */
  readonly flows: readonly Flow[]
  /** How many keys were looked at, if this is an estimate; null if it is exact. */
  readonly sample: number | null
  /** How far off `moved` may be, with 95 % confidence; 0 if it is exact. */
  readonly error: number
}

/** What would move if one spec followed another. */
export interface Moves {
  /** For every cluster that both specs have: what its own change moves. */
  readonly clusters: readonly ClusterMoves[]
  /** What the migration of the second spec (or, without one there, of the first) moves once it is through. */
  readonly migration: ClusterMoves | null
}

/**
 * What would move if the spec in `after` followed the one in `before`; both are texts of specs. Exact where both place
 * keys by the same hash, else by a sample whose size and error are given.
 *
 * @example
 * moves(readFileSync('old.json'), readFileSync('new.json')).clusters[0].moved // 0.1
 */
export function moves(before: string | Uint8Array, after: string | Uint8Array): Moves
