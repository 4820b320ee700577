// The parts of memjs 1.3 that the adapter builds on. The published types differ from the code (getServer gives an
// index, Server is missing, a miss is null), so they are not used.
declare module 'memjs' {
  import type { Socket } from 'node:net'

  export interface Response {
    header: { status: number; opcode: number; opaque: number; cas: Buffer }
    key: Buffer
    extras: Buffer
    val: Buffer
  }

  /** The result means nothing where there is an error. */
  export type Said = (error: Error | null, success: boolean) => void
  export type Counted = (error: Error | null, success: boolean, value: number) => void

  export class Server {
    constructor(
      host: string | undefined,
      port: number | string | undefined,
      username: string | undefined,
      password: string | undefined,
      options: object,
    )
    username: string | undefined
    password: string | undefined
    _socket: Socket | undefined
    connected: boolean
    responseBuffer: Buffer
    options: { retries: number }
    write(request: Buffer): void
    appendToBuffer(data: Buffer): Buffer
    sock(sasl: boolean, go: (socket: Socket) => void): void
    error(error: Error | string): void
    close(): void
  }

  export class Client {
    constructor(servers: Server[], options: object)
    seq: number
    incrSeq(): void
    perform(
      key: string | Buffer,
      request: Buffer,
      seq: number,
      callback: (error: Error | null, response: Response) => void,
      tries?: number,
    ): void
    get(
      key: string | Buffer,
      callback: (error: Error | null, value: Buffer | null, flags: Buffer | null) => void,
    ): void
    set(key: string | Buffer, value: string | Buffer, options: object, callback: Said): void
    add(key: string | Buffer, value: string | Buffer, options: object, callback: Said): void
    replace(key: string | Buffer, value: string | Buffer, options: object, callback: Said): void
    delete(key: string | Buffer, callback: Said): void
    touch(key: string | Buffer, expires: number, callback: Said): void
    increment(key: string | Buffer, amount: number, options: object, callback: Counted): void
    decrement(key: string | Buffer, amount: number, options: object, callback: Counted): void
    quit(): void
    close(): void
  }

  export const Utils: {
    makeExpiration(expires: number): Buffer
    makeRequestBuffer(
      opcode: number,
      key: string | Buffer,
      extras: string | Buffer,
      value: string | Buffer,
      opaque: number,
    ): Buffer
  }
}
