// memjs over a router.
import type { Router } from '../index.js'

/** memjs' options. They are passed on to one memjs client for each node. */
export interface ClientOptions<In = string | Buffer, Out = Buffer> {
  /** Seconds until a request fails; connecting included. 0.5 */
  timeout?: number
  /** Seconds until connecting fails. `timeout` */
  conntimeout?: number
  /** How often a request is tried in all. 1, not memjs' 2: no caller waits for longer than one timeout. */
  retries?: number
  /** Seconds between tries. 0.2 */
  retry_delay?: number
  /** Time to live in seconds of values that are stored without one; 0 for ever, beyond 30 days a point in time. 0 */
  expires?: number
  keepAlive?: boolean
  /** Seconds. 30 */
  keepAliveDelay?: number
  /**
   * For SASL. Such servers speak the binary protocol only, which can't tell a remaining time to live: values that
   * are found at the fallback are given out, but not copied.
   */
  username?: string
  password?: string
  /** memjs logs each failure; here nothing is logged unless one is given. */
  logger?: { log(...message: unknown[]): void }
  /** Turns values into what is stored and back; it runs once for each node that a value is stored at. */
  serializer?: Serializer<In, Out>
  /** Must be off: no other process would ask the node that a key fails over to. */
  failover?: false
}

/** As memjs has it. `extras` are the flags when reading, flags and expiry when writing. */
export interface Serializer<In, Out> {
  serialize(opcode: number, value: In, extras: Buffer): { value: string | Buffer; extras: Buffer }
  deserialize(opcode: number, value: Buffer, extras: Buffer): { value: Out; extras: Buffer }
}

export interface StoreOptions {
  /**
   * Time to live in whole seconds, at least one; 0 for ever, beyond 30 days a point in time. No longer than the spec's
   * `max_ttl`.
   */
  expires?: number
}

export interface CountOptions extends StoreOptions {
  /** The value if there is none. 0 */
  initial?: number
}

/** What was found; null after a miss. */
export interface Found<Out = Buffer> {
  value: Out | null
  /** Four bytes. */
  flags: Buffer | null
}

export type Key = string | Buffer

/**
 * Carries out the route of every key through one memjs client for each node. Keys are 1 to 250 bytes, the cluster's
 * prefix included.
 *
 * Any method rejects with a RingshiftError: RINGSHIFT_INVALID_KEY for a key that memcached can't take, or that has a
 * lone surrogate, RINGSHIFT_CLOSED after `quit` or `close`. Writes that miss a node reject with an
 * InvalidationLostError.
 *
 * @example
 * const client = new Client(Router.open('cache.json', { watch: 1000 }))
 * await client.set('user:42', 'Ada', { expires: 60 })
 * const { value } = await client.get('user:42')
 */
export class Client<In = string | Buffer, Out = Buffer> {
  constructor(router: Router, options?: ClientOptions<In, Out>)

  /** The router that was given. */
  readonly router: Router

  /**
   * Reads. In a ramp, a value that is found at the fallback only is copied with its remaining time to live, flags
   * and bytes. A node that can't be reached is as good as a miss: the origin is the authority.
   */
  get(key: Key): Promise<Found<Out>>

  /** Reads many keys at once; only what was found is in the map. */
  getMany<K extends Key>(keys: Iterable<K>): Promise<Map<K, { value: Out; flags: Buffer }>>

  /**
   * The whole cache-aside read: the value of a key, or, if no cache has it, what `load` gives, which is then stored.
   * What is stored is never older than a write whose invalidation was acknowledged. Callers that ask for the same key at
   * the same time share a load, and the Buffer that it gave, wherever none of them can get a value that is too old by it.
   * @param load asks the origin; what it throws rejects; null or undefined means that there is nothing, and is not stored.
   *   It has 30 seconds for its value to be stored.
   * @returns the value as `get` gives it, null if there is none
   */
  getOrLoad(
    key: Key,
    load: () => In | null | undefined | Promise<In | null | undefined>,
    options?: StoreOptions,
  ): Promise<Out | null>

  /**
   * What follows a write to the database: removes the key everywhere that any process may read. Rejects with an
   * InvalidationLostError if a node does not acknowledge; send it again.
   */
  invalidate(key: Key): Promise<void>

  /**
   * Stores a value where the key is read, and removes it everywhere else that any process may read.
   * @returns whether it was stored; false if breakers, or a lost invalidation of the key, keep it from every node to store it at
   */
  set(key: Key, value: In, options?: StoreOptions): Promise<boolean>

  /**
   * Stores a value where the key is read, if there is none, and nowhere else. It may be older than a write that was
   * completed meanwhile: `getOrLoad` is the safe way to fill. Not a lock.
   * @returns whether it was stored; false too if no node to store it at answers
   */
  add(key: Key, value: In, options?: StoreOptions): Promise<boolean>

  /** Stores a value if there is one; invalidates if there is none. */
  replace(key: Key, value: In, options?: StoreOptions): Promise<boolean>

  /**
   * Invalidates the key: removes it everywhere that any process may read.
   * @returns whether there was something to remove
   */
  delete(key: Key): Promise<boolean>

  /**
   * Gives the key another time to live where it is read, or else where it will be copied from.
   * @returns whether it was anywhere
   */
  touch(key: Key, expires: number): Promise<boolean>

  /** Counts up. An error leaves open whether it was counted. Refused with RINGSHIFT_INVALID_ARGUMENT while the key may be on more than one node. */
  increment(
    key: Key,
    amount: number,
    options?: CountOptions,
  ): Promise<{ success: boolean; value: number | null }>

  /** Counts down, under the same condition. */
  decrement(
    key: Key,
    amount: number,
    options?: CountOptions,
  ): Promise<{ success: boolean; value: number | null }>

  /**
   * Ends all connections after the requests that are under way. A write that has more nodes to go rejects with an
   * InvalidationLostError. The router stays open.
   */
  quit(): void

  /** Ends all connections at once. Writes under way reject with an InvalidationLostError; the router's other clients remove their keys. */
  close(): void
}
