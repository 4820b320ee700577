// Reads the shared vectors; their format is described beside them.
import { readFileSync } from 'node:fs'

const DIRECTORY = new URL('../../../tests/vectors/', import.meta.url)

function load(name) {
  return JSON.parse(readFileSync(new URL(name, DIRECTORY), 'utf8'))
}

/** All files of the index: [{ file, about, kind, content }]. */
export function vectorFiles() {
  return load('index.json').files.map((entry) => ({ ...entry, content: load(entry.file) }))
}

/** A spec's bytes. */
export function specOf(entry) {
  if (entry.spec !== undefined) return Buffer.from(entry.spec)
  if (entry.spec_hex !== undefined) return Buffer.from(entry.spec_hex, 'hex')
  const parts = entry.spec_parts.map(([text, times]) => {
    if (times === 1) return text
    return Array.from({ length: times }, (_, number) => text.replaceAll('#', String(number))).join('')
  })
  return Buffer.from(parts.join(''))
}

/** A key's bytes. */
export function keyOf(entry) {
  if (entry.key !== undefined) return Buffer.from(entry.key, 'hex')
  const [hex, times] = entry.key_repeat
  return Buffer.from(hex.repeat(times), 'hex')
}

/** FNV-1a with 64 bits in two halves: BigInt would take minutes for a million lines. */
export class Fnv1a {
  #high = 0xcbf29ce4
  #low = 0x84222325

  /** @param {string} text ASCII */
  add(text) {
    let high = this.#high
    let low = this.#low
    for (let at = 0; at < text.length; at++) {
      low = (low ^ text.charCodeAt(at)) >>> 0
      // The prime is 2^40 + 0x1b3.
      const product = low * 0x1b3
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0
      low = product >>> 0
    }
    this.#high = high
    this.#low = low
  }

  hex() {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, '0')).join('')
  }
}
