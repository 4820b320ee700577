// What carrying out a route consists of: steps, sent to one node each by some client, and their replies.
import type { Node } from '../index.js'
import type { Failure, Refused, Token } from './steps.js'

/** What a step asks of a node. */
export type Do =
  /** Get the items: an Item or null for each key. */
  | 'get'
  /** The same, with the time that they have left, to copy them. */
  | 'take'
  /** Get the items, or tokens to fill what is missing: an Item, a Token, or null if there is neither. */
  | 'seek'
  /** Store items where their tokens still hold: true or false. */
  | 'fill'
  /** Store items where nothing is stored: true or false. */
  | 'add'
  /** Store items: true. */
  | 'set'
  /** Store items where something is stored: true or false. */
  | 'replace'
  /** Remove: whether it was there; null of a node that can't hold such a key, and was sent nothing. */
  | 'delete'
  /** Give the items another time to live: whether they were there. */
  | 'touch'

export type Key = string | Buffer

/** What is reported where a node did not acknowledge. */
export type Fault = 'error' | 'timeout' | 'unreachable' | 'unsent'

/** A value as a cache keeps it. */
export interface Item {
  readonly value: Buffer
  /** Four bytes, where the client's protocol has them. */
  readonly flags?: Buffer
  /** Seconds that it has left: null for ever, nothing if that is not known. */
  readonly ttl?: number | null
}

/** One request to one node about one or more keys. */
export interface Step {
  readonly do: Do
  readonly node: Node
  readonly keys: readonly Key[]
  /** For each key what is stored; a fill stores an Item, other steps what their client makes of it. */
  readonly items?: readonly unknown[]
  /** For each key its token, in a fill. */
  readonly tokens?: readonly Token[]
}

/** The reply for one key. Any step may fail; what stores may be refused. */
export type Reply = Item | Token | Failure | Refused | boolean | null

/** Sends steps by some client. Rejects only for a caller's mistake. */
export interface Transport {
  /** Whether the client was closed: then nothing is sent any more, and what fails says nothing of its node. */
  readonly closed: boolean
  /** A reply for each key. */
  send(step: Step): Promise<Reply[]>
  /**
   * The same for one key, with as little around it as can be: most of what callers wait for is of this kind. Gives what
   * `use` makes of the reply. It is not called within a socket's event, but where the caller's own code would go on.
   */
  ask<T>(
    what: Do,
    node: Node,
    key: Key,
    item: unknown,
    token: Token | undefined,
    use: (reply: Reply) => T | Promise<T>,
  ): Promise<T>
  /** What the error of a request that no step stands for says about its node. */
  failureOf(error: Error): Failure
}

/** Which nodes may be filled, and with what. */
export type Tokens = readonly (readonly [Node, Token])[]

/** A key that the router gave out to be invalidated again, and which loss that is about. */
export interface Owed {
  readonly key: Buffer
  readonly loss: number
}

/** What became of a write. */
export interface Written {
  /** By the key's position: what the first node that stores it said; for deletes, whether the key was anywhere. */
  results: Map<number, boolean>
  /** Nodes that didn't acknowledge, in order. */
  lost: { node: Node; key: Key; error: Error }[]
  /** Why a node would not store the value; it was removed there instead. */
  refused: Error | undefined
}
