// ioredis over a router.
import type { RedisOptions } from 'ioredis'
import type { Router } from '../index.js'

export type Key = string | Buffer
export type Value = string | Buffer | number

/** How long a loaded value lives; without either for ever. Never longer than the spec's `max_ttl`. */
export interface LoadOptions {
  /** Seconds. */
  expire?: number
  /** Milliseconds. */
  px?: number
}

type Load = () => Value | null | undefined | Promise<Value | null | undefined>

/**
 * Carries out the route of every key through one ioredis client for each node (Redis from 2.6, or Valkey; each node a
 * server of its own, not one of Redis Cluster).
 *
 * It has ioredis' commands for strings that a cache needs, and no others: values of other types can't be copied. A read
 * never fails because a cache does: a node that can't be reached is a miss. A write that a node did not acknowledge
 * rejects with an InvalidationLostError. Connections and commands time out after a second, no command is sent twice and a
 * lost connection is made again by the next request, unless the options say otherwise. What a command takes in Redis and
 * can't be carried out at several nodes rejects with RINGSHIFT_INVALID_ARGUMENT. After `quit` or `disconnect` any method rejects with RINGSHIFT_CLOSED.
 *
 * @example
 * const cache = new Redis(Router.open('cache.json', { watch: 1000 }))
 * const user = await cache.getOrLoad('user:42', () => database.user(42), { expire: 300 })
 * await cache.invalidate('user:42')
 */
export class Redis {
  /**
   * @param router serves one namespace: all of its clients have the same `db`
   * @param options for ioredis, but for those that say where the server is and what is put before keys
   */
  constructor(router: Router, options?: RedisOptions)

  /** The router that was given. */
  readonly router: Router

  /** The value of a key; null if no cache has it or answers. In a ramp, what only the fallback has is copied. */
  get(key: Key): Promise<string | null>
  getBuffer(key: Key): Promise<Buffer | null>

  /** The values of many keys, in their order. */
  mget(...keys: (Key | Key[])[]): Promise<(string | null)[]>
  mgetBuffer(...keys: (Key | Key[])[]): Promise<(Buffer | null)[]>

  /** How many of the keys are found. */
  exists(...keys: (Key | Key[])[]): Promise<number>

  /** What a key has left, in seconds; -1 for no end, -2 if it is not found. */
  ttl(key: Key): Promise<number>
  /** The same in milliseconds. */
  pttl(key: Key): Promise<number>

  /**
   * The whole cache-aside read: the value of a key, or, if no cache has it, what `load` gives, which is then stored.
   * What is stored is never older than a write whose invalidation was acknowledged. Callers that ask for the same key at
   * the same time share a load, and the Buffer that it gave, wherever none of them can get a value that is too old by it.
   * @param load asks the origin; what it throws rejects; null or undefined means that there is nothing, and is not stored.
   *   It has 30 seconds for its value to be stored.
   */
  getOrLoad(key: Key, load: Load, options?: LoadOptions): Promise<string | null>
  getOrLoadBuffer(key: Key, load: Load, options?: LoadOptions): Promise<Buffer | null>

  /**
   * Stores a value where the key is read, and removes it everywhere else that any process may read. Behind the value: EX
   * seconds, PX milliseconds, EXAT, PXAT, XX (only if it is there), NX (only where it is read, and only if it is not
   * there: what it stores may be older than a write that was completed meanwhile; `getOrLoad` is the safe way).
   */
  set(key: Key, value: Value, ...options: (string | number)[]): Promise<'OK' | null>
  setex(key: Key, seconds: number, value: Value): Promise<'OK' | null>
  psetex(key: Key, milliseconds: number, value: Value): Promise<'OK' | null>
  /** The same as `set` with NX; 1 or 0. */
  setnx(key: Key, value: Value): Promise<number>

  /** Invalidates keys: removes them everywhere that any process may read. How many were anywhere. */
  del(...keys: (Key | Key[])[]): Promise<number>
  /** The same as `del`. */
  unlink(...keys: (Key | Key[])[]): Promise<number>

  /**
   * What follows a write to the database: removes the key everywhere that any process may read. Rejects with an
   * InvalidationLostError if a node does not acknowledge; send it again.
   */
  invalidate(key: Key): Promise<void>

  /** Another time to live where the key is read, or else where it will be copied from; 1 if it was there, else 0. */
  expire(key: Key, seconds: number): Promise<number>
  pexpire(key: Key, milliseconds: number): Promise<number>

  /** Counts. An error leaves open whether it was counted. Refused with RINGSHIFT_INVALID_ARGUMENT while the key may be on more than one node. */
  incr(key: Key): Promise<number>
  incrby(key: Key, amount: number): Promise<number>
  decr(key: Key): Promise<number>
  decrby(key: Key, amount: number): Promise<number>
  /** Adds to the end of a value, under the same condition. */
  append(key: Key, value: Value): Promise<number>

  /**
   * Ends all connections after the requests that are under way. A write that has more nodes to go rejects with an
   * InvalidationLostError. The router stays open.
   */
  quit(): Promise<'OK'>

  /** Ends all connections at once. Writes under way reject with an InvalidationLostError; the router's other clients remove their keys. */
  disconnect(): void
}
