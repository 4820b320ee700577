// How a route is carried out: reading, copying, filling. The rules and their reasons are in docs/migration.md. In short:
// the nodes of `read` are asked in order until one answers; after a miss those of `fallback`; a cache that fails is a
// cache that is empty. What a reader stores carries a token that was taken before the source was asked, so that an
// invalidation in between defeats it, and a copy keeps the time that it has left.
'use strict'

/**
 * @import { Node, Route } from '../index.js'
 * @import { Carrier } from './steps.js'
 * @import { Do, Item, Key, Reply, Step, Tokens } from './steps-types.js'
 */

const { Failure, Token } = require('./steps.js')

/**
 * The item of one key. A token is only taken where the item may be copied.
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {Reply} [first] of the first node of `read`, if that was asked already
 * @returns {Promise<Item | null>}
 */
async function read(io, route, key, first) {
  if (route.fill) return (await seek(io, route, key, first)).item
  for (const target of [route.read, route.fallback]) {
    for (const [at, node] of target?.nodes.entries() ?? []) {
      const isKnown = first !== undefined && target === route.read && at === 0
      const reply = isKnown ? first : await io.one('get', node, key)
      if (reply instanceof Failure) continue
      if (reply) return /** @type {Item} */ (reply)
      break
    }
  }
  return null
}

/**
 * The item of one key, or else the tokens to fill it with after it was loaded from the origin.
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {Reply} [first] of the first node of `read`, if that was asked already
 * @returns {Promise<{ item: Item | null, tokens: Tokens }>}
 */
async function seek(io, route, key, first) {
  const nodes = route.read?.nodes ?? []
  /** @type {Tokens} */
  let tokens = []
  for (const [at, node] of nodes.entries()) {
    const reply = at === 0 && first !== undefined ? first : await io.one('seek', node, key)
    if (reply instanceof Failure) continue
    if (isItem(reply)) return { item: reply, tokens: [] }
    // A value at one of these is left alone: it may be one that a writer is just removing.
    const others = nodes.slice(at + 1)
    const replies = await Promise.all(others.map((other) => io.one('seek', other, key)))
    tokens = held([[node, reply], ...others.map((other, i) => pair(other, replies[i]))])
    break
  }
  for (const node of route.fallback?.nodes ?? []) {
    const reply = await io.one(route.fill ? 'take' : 'get', node, key)
    if (reply instanceof Failure) continue
    if (!isItem(reply)) break
    if (route.fill && mayBeCopied(reply)) await fill(io, tokens, key, reply)
    return { item: reply, tokens: [] }
  }
  return { item: null, tokens }
}

/**
 * The item of one key with the time that it has left. It is not copied.
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @returns {Promise<Item | null>}
 */
async function take(io, route, key) {
  for (const target of [route.read, route.fallback]) {
    for (const node of target?.nodes ?? []) {
      const reply = await io.one('take', node, key)
      if (reply instanceof Failure) continue
      if (isItem(reply)) return reply
      break
    }
  }
  return null
}

/**
 * Stores an item wherever its token still holds; whether it did anywhere.
 * @param {Carrier} io
 * @param {Tokens} tokens
 * @param {Key} key
 * @param {Item} item
 */
async function fill(io, tokens, key, item) {
  const replies = await Promise.all(tokens.map(([node, token]) => io.one('fill', node, key, item, token)))
  return replies.includes(true)
}

/**
 * The items of many keys, with one request for each node at a time.
 * @param {Carrier} io
 * @param {readonly Route[]} routes
 * @param {readonly Key[]} keys
 * @returns {Promise<(Item | null)[]>}
 */
async function readMany(io, routes, keys) {
  /** @type {(Item | null)[]} */
  const items = keys.map(() => null)
  /** @type {Map<number, Tokens>} */
  const tokens = new Map()
  const behind = await ask(
    io,
    routes.map((route, at) => ({ at, what: route.fill ? 'seek' : 'get', nodes: route.read?.nodes ?? [] })),
    keys,
    items,
    tokens,
  )
  // Those that may be copied are filled at all nodes that are read.
  await askBehind(
    io,
    behind.filter(({ at }) => routes[at]?.fill),
    keys,
    tokens,
  )
  const missing = routes.flatMap((route, at) =>
    items[at] === null && route.fallback !== null
      ? [{ at, what: /** @type {Do} */ (route.fill ? 'take' : 'get'), nodes: route.fallback.nodes }]
      : [],
  )
  await ask(io, missing, keys, items, new Map())
  await copy(io, missing, keys, items, tokens)
  return items
}

/**
 * Asks each position's nodes in order until one answers, and writes what comes into `items` and `tokens`.
 * @param {Carrier} io
 * @param {readonly { at: number, what: Do, nodes: readonly Node[] }[]} asked
 * @param {readonly Key[]} keys
 * @param {(Item | null)[]} items
 * @param {Map<number, Tokens>} tokens
 * @returns {Promise<{ at: number, nodes: readonly Node[] }[]>} for each miss, the nodes behind the one that answered
 */
async function ask(io, asked, keys, items, tokens) {
  const behind = []
  let waiting = [...asked]
  for (let attempt = 0; ; attempt++) {
    const groups = new Groups()
    for (const each of waiting) {
      const node = each.nodes[attempt]
      if (node) groups.add(each.what, node, each)
    }
    if (groups.all.length === 0) return behind
    const replies = await io.sendAll(groups.steps((each) => ({ key: keyAt(keys, each.at) })))
    waiting = []
    for (const [number, { node, members }] of groups.all.entries()) {
      for (const [i, each] of members.entries()) {
        const reply = replies[number]?.[i] ?? null
        if (reply instanceof Failure) waiting.push(each)
        else if (isItem(reply)) items[each.at] = reply
        else {
          tokens.set(each.at, held([[node, reply]]))
          behind.push({ at: each.at, nodes: each.nodes.slice(attempt + 1) })
        }
      }
    }
  }
}

/**
 * Takes tokens at the other nodes of what was missing.
 * @param {Carrier} io
 * @param {readonly { at: number, nodes: readonly Node[] }[]} behind
 * @param {readonly Key[]} keys
 * @param {Map<number, Tokens>} tokens
 */
async function askBehind(io, behind, keys, tokens) {
  const groups = new Groups()
  for (const each of behind) for (const node of each.nodes) groups.add('seek', node, each)
  const replies = await io.sendAll(groups.steps((each) => ({ key: keyAt(keys, each.at) })))
  for (const [number, { node, members }] of groups.all.entries()) {
    for (const [i, { at }] of members.entries()) {
      tokens.set(at, [...(tokens.get(at) ?? []), ...held([pair(node, replies[number]?.[i])])])
    }
  }
}

/**
 * Stores what was found at the fallback wherever its token still holds.
 * @param {Carrier} io
 * @param {readonly { at: number }[]} asked
 * @param {readonly Key[]} keys
 * @param {readonly (Item | null)[]} items
 * @param {Map<number, Tokens>} tokens
 */
async function copy(io, asked, keys, items, tokens) {
  const groups = new Groups()
  for (const { at } of asked) {
    const item = items[at]
    if (!item || !mayBeCopied(item)) continue
    for (const [node, token] of tokens.get(at) ?? []) groups.add('fill', node, { at, item, token })
  }
  await io.sendAll(groups.steps(({ at, item, token }) => ({ key: keyAt(keys, at), item, token })))
}

/**
 * Members that go to one node by one step.
 * @template Member
 */
class Groups {
  /** @type {{ what: Do, node: Node, members: any[] }[]} */
  all = []
  /** @type {Map<string, { what: Do, node: Node, members: any[] }>} */
  #known = new Map()

  /**
   * @param {Do} what
   * @param {Node} node
   * @param {any} member
   */
  add(what, node, member) {
    const name = `${what} ${node.index}`
    let group = this.#known.get(name)
    if (group === undefined) {
      group = { what, node, members: [] }
      this.#known.set(name, group)
      this.all.push(group)
    }
    group.members.push(member)
  }

  /**
   * @param {(member: any) => { key: Key, item?: unknown, token?: Token }} partsOf
   * @returns {Step[]}
   */
  steps(partsOf) {
    return this.all.map(({ what, node, members }) => {
      const parts = members.map(partsOf)
      return {
        do: what,
        node,
        keys: parts.map(({ key }) => key),
        items: parts.map(({ item }) => item),
        tokens: parts.flatMap(({ token }) => token ?? []),
      }
    })
  }
}

/**
 * Stores an item where it is read, if nothing is stored there, or gives it another time to live: what the first node
 * that answers says.
 * @param {Carrier} io
 * @param {'add' | 'touch'} what
 * @param {readonly Node[]} nodes
 * @param {Key} key
 * @param {unknown} item
 */
async function first(io, what, nodes, key, item) {
  const replies = await Promise.all(nodes.map((node) => io.one(what, node, key, item)))
  return replies.find((reply) => !(reply instanceof Failure)) ?? false
}

/**
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {unknown} item
 * @returns {Promise<Reply>} false too if no node answers
 */
function add(io, route, key, item) {
  return first(io, 'add', route.read?.nodes ?? [], key, item)
}

/**
 * Where it is read, or else where it will be copied from.
 * @param {Carrier} io
 * @param {Route} route
 * @param {Key} key
 * @param {unknown} item
 */
async function touch(io, route, key, item) {
  const found = await first(io, 'touch', route.read?.nodes ?? [], key, item)
  return found === true || (await first(io, 'touch', route.fallback?.nodes ?? [], key, item)) === true
}

/**
 * Not with an unknown time left: an invented one could keep an old value alive for longer than a writer allowed. Nor
 * with none: to most servers 0 means that it has no end.
 * @param {Item} item
 */
function mayBeCopied({ ttl }) {
  return ttl === null || (ttl !== undefined && ttl > 0)
}

/**
 * @param {Reply | undefined} reply
 * @returns {reply is Item}
 */
function isItem(reply) {
  return typeof reply === 'object' && reply !== null && 'value' in reply
}

/**
 * @param {Node} node
 * @param {Reply | undefined} reply
 * @returns {[Node, Reply]}
 */
function pair(node, reply) {
  return [node, reply ?? null]
}

/**
 * @param {readonly (readonly [Node, Reply | undefined])[]} answers
 * @returns {Tokens}
 */
function held(answers) {
  return answers.flatMap(([node, reply]) =>
    reply instanceof Token ? [/** @type {const} */ ([node, reply])] : [],
  )
}

/**
 * @param {readonly Key[]} keys
 * @param {number} at
 */
function keyAt(keys, at) {
  return /** @type {Key} */ (keys[at])
}

exports.add = add
exports.fill = fill
exports.isItem = isItem
exports.read = read
exports.readMany = readMany
exports.seek = seek
exports.take = take
exports.touch = touch
