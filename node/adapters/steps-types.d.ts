// What the steps of a route want from a client, and what they give back.
import type { Node } from '../index.js'

/**
 * Reads a key at one node, and reports to the router how it went. `Found` is what the client finds, with all that a
 * copy needs.
 */
export interface Reader<Found> {
  /** The value, null after a miss, undefined if the node failed. */
  read(node: Node): Promise<Found | null | undefined>
  /** The same, with the remaining time to live if the node can tell it. */
  readToCopy(node: Node): Promise<Found | null | undefined>
  /** Stores a copy unless the node has a value. Never rejects. */
  fill(node: Node, found: Found): Promise<void>
}

/** Writes a key at one node, and reports to the router how it went. */
export interface Writer {
  /** Whether there was something to remove. Rejects if it may still be there. */
  remove(node: Node): Promise<boolean>
  /**
   * Stores the new value; `first` at the first node that stores it. False if a condition doesn't hold there.
   * Rejects with a Refusal if the node answered that it won't, with anything else if the old value may still be there.
   * Without it, a write only removes.
   */
  store?(node: Node, first: boolean): Promise<boolean>
}

/** What became of a write. */
export interface Written {
  stored: boolean
  removed: boolean
  /** Nodes that didn't acknowledge, in order. */
  lost: { node: Node; error: Error }[]
  /** Why a node would not store the value; it was removed there instead. */
  refused: Error | undefined
}
