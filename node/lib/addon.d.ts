// What the addon gives the package, as its Rust sources say.

/** A failure in the place of a result. */
export interface Failure {
  kind: import('../index.js').ErrorKind
  message: string
  pointer?: string
  line?: number
  column?: number
}

export interface NodeParts {
  index: number
  id: string
  address: string
  weight: number
  zone?: string
  cluster: string
  keyPrefix: string
}

export interface OwedParts {
  key: Uint8Array
  loss: number
}

export interface RouteParts {
  slot: number
  reset: boolean
  read?: number[]
  fallback?: number[]
  fill: boolean
  invalidate: number[]
  stage: import('../index.js').Stage
  moved: boolean
  generation: number
}

export interface RouterHandle {
  describe(key: string | Uint8Array): RouteParts | Failure
  node(index: number): NodeParts | Failure
  nodes(): number[] | Failure
  report(index: number, op: string, outcome: string): undefined | Failure
  lost(index: number, key: string | Uint8Array, outcome: string): undefined | Failure
  owed(index: number): OwedParts[] | Failure
  repaid(key: string | Uint8Array, loss: number): undefined | Failure
  refresh(): boolean | Failure
  follow(): Promise<void>
  apply(text: Uint8Array): boolean | Failure
  generation(): number | Failure
  digest(): string | Failure
  epoch(): number | Failure
  stage(): import('../index.js').Stage | Failure
  weight(): number | Failure
  maxTtl(): number | Failure
  lastError(): { error?: Failure } | Failure
  metrics(): string | Failure
  events(since: number): string | Failure
  metricsText(): string | Failure
  close(): void
}

/** The functions leave their answers in the cell. */
export interface Functions {
  add(handle: RouterHandle): number
  /** The slot of the key's route; negative if there is none yet. */
  lookup(cell: Int32Array): (key: unknown) => void
  /** -1 for nowhere to read, less if something is wrong. */
  indexOf(cell: Int32Array): (key: unknown) => void
  /** How many were written, -2 if the router was closed, -3 for memory that won't do, -4 - n for offset n. */
  indexPacked(cell: Int32Array): (bytes: Uint8Array, offsets: Uint32Array, out: Uint32Array) => void
  /** 0 if it was counted; op and outcome are places in `ops` and `outcomes`. */
  report(cell: Int32Array): (node: number, op: number, outcome: number) => void
  /** 1 if any invalidation is to be sent again, 0 if none is, negative if the router was closed. */
  owes(cell: Int32Array): () => void
  /** Negative if it is too large or the router was closed. */
  generation(cell: Int32Array): () => void
}

export interface Addon {
  ops(): import('../index.js').Op[]
  outcomes(): import('../index.js').Outcome[]
  Functions: new () => Functions
  errorKinds(): { number: number; name: import('../index.js').ErrorKind }[]
  open(path: string, region: string | undefined, lastGood: string | undefined): RouterHandle | Failure
  moves(before: Uint8Array, after: Uint8Array): string | Failure
  fromSpec(text: Uint8Array, region: string | undefined, lastGood: string | undefined): RouterHandle | Failure
}
