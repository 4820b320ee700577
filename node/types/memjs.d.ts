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
    get(key: string | Buffer): Promise<{ value: Buffer | null; flags: Buffer | null }>
    set(key: string | Buffer, value: string | Buffer, options: object): Promise<boolean>
    add(key: string | Buffer, value: string | Buffer, options: object): Promise<boolean>
    replace(key: string | Buffer, value: string | Buffer, options: object): Promise<boolean>
    delete(key: string | Buffer): Promise<boolean>
    touch(key: string | Buffer, expires: number): Promise<boolean>
    increment(
      key: string | Buffer,
      amount: number,
      options: object,
    ): Promise<{ success: boolean; value: number }>
    decrement(
      key: string | Buffer,
      amount: number,
      options: object,
    ): Promise<{ success: boolean; value: number }>
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
