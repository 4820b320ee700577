// Keys as indexPacked takes them: their bytes one after the other, and where each begins and the last ends.
export function pack(keys) {
  const parts = keys.map((key) => Buffer.from(key))
  const offsets = new Uint32Array(parts.length + 1)
  for (const [position, { length }] of parts.entries()) offsets[position + 1] = offsets[position] + length
  return { bytes: Buffer.concat(parts), offsets }
}
