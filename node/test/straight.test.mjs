// What the adapters keep of their clients and callers on the straight path.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Router } from 'ringshift'
import { Redis } from 'ringshift/adapters/ioredis'
import { Client } from 'ringshift/adapters/memjs'
import { startServers } from './helpers/memcached.mjs'
import { startRedis } from './helpers/redis.mjs'
import { single } from './helpers/specs.mjs'

const ioredis = createRequire(new URL('../package.json', import.meta.url))('ioredis')

async function memjs(t, options) {
  const [server] = await startServers(t, 1)
  const client = new Client(Router.fromSpec(single([server.address])), options)
  t.after(() => client.close())
  return { server, client }
}

async function redis(t, options) {
  const server = await startRedis(t)
  const client = new Redis(Router.fromSpec(single([server.address])), options)
  t.after(() => client.disconnect())
  return { server, client }
}

for (const [name, setUp] of [
  ['memjs', memjs],
  ['ioredis', redis],
]) {
  test(`${name}: the caller's code runs in the caller's context, whoever opened the connection`, async (t) => {
    const { client } = await setUp(t)
    const context = new AsyncLocalStorage()
    await context.run('first', () => client.getOrLoad('a', () => 'v'))
    await context.run('second', async () => {
      assert.equal(String(await client.getOrLoad('b', () => context.getStore())), 'second')
      await client.get('b').then(() => assert.equal(context.getStore(), 'second'))
      await client.invalidate('b')
      assert.equal(context.getStore(), 'second')
    })
  })

  test(`${name}: what a caller does wrong is a rejection, never thrown`, async (t) => {
    const { client } = await setUp(t)
    const calls = [
      () => client.get({}),
      () => client.set('k', {}),
      () => client.getOrLoad('k'),
      () => client.invalidate(1),
    ]
    for (const call of calls) await assert.rejects(call(), TypeError, String(call))
  })
}

test("memjs: the caller's serializer runs in the caller's context, and its errors are rejections", async (t) => {
  const context = new AsyncLocalStorage()
  const seen = []
  const serializer = {
    serialize: (_opcode, value, extras) => ({ value, extras }),
    deserialize: (_opcode, value, extras) => {
      seen.push(context.getStore())
      if (value.toString() === 'bad') throw new Error('no such value')
      return { value: value.toString(), extras }
    },
  }
  const { client } = await memjs(t, { serializer })
  await client.set('k', 'good')
  assert.equal(await context.run('get', () => client.get('k')).then(({ value }) => value), 'good')
  assert.equal(await context.run('load', () => client.getOrLoad('k', () => 'v')), 'good')
  assert.deepEqual(seen, ['get', 'load'])
  await client.set('k', 'bad')
  await assert.rejects(client.get('k'), /no such value/)
  await assert.rejects(
    client.getOrLoad('k', () => 'v'),
    /no such value/,
  )
})

test('memjs: a value that can not be serialized is not told of the node, and the old one is removed', async (t) => {
  const serializer = {
    serialize: (_opcode, value, extras) => {
      if (value === 'bad') throw new Error('no such value')
      return { value, extras }
    },
    deserialize: (_opcode, value, extras) => ({ value: value.toString(), extras }),
  }
  const { server, client } = await memjs(t, { serializer })
  await client.set('k', 'good')
  await assert.rejects(client.set('k', 'bad'), /serializer failed/)
  assert.equal(await server.value('k'), null)
  await assert.rejects(client.add('k', 'bad'), /serializer failed/)
  await assert.rejects(client.increment('k', -1), RangeError)
  const { requests, owed } = client.router.metrics()
  assert.deepEqual(
    requests.map(({ op, outcome, count }) => [op, outcome, count]),
    [
      ['fill', 'unsent', 3],
      ['invalidate', 'ok', 2],
    ],
  )
  assert.equal(owed.keys, 0)
})

test('memjs: a second try is begun when a server that hangs has not answered the first', async (t) => {
  const { server, client } = await memjs(t, { timeout: 0.3, retries: 2, retry_delay: 0.01 })
  await client.set('k', 'v')
  await server.hang()
  const found = client.get('k')
  await new Promise((resolve) => setTimeout(resolve, 200))
  server.wakeUp()
  assert.equal((await found).value.toString(), 'v')
})

for (const options of [{ enableAutoPipelining: true }, { showFriendlyErrorStack: true }]) {
  const [name] = Object.keys(options)
  test(`ioredis: commands are what they are with ${name}`, async (t) => {
    const { client } = await redis(t, options)
    assert.equal(await client.set('k', 'v', 'EX', 100), 'OK')
    const many = await Promise.all([client.get('k'), client.getBuffer('k'), client.ttl('k'), client.get('l')])
    assert.deepEqual(many, ['v', Buffer.from('v'), 100, null])
    assert.equal(await client.getOrLoad('l', () => 'w'), 'w')
    assert.deepEqual(await client.mget('k', 'l'), ['v', 'w'])
    assert.deepEqual([await client.del('k'), await client.del('k')], [1, 0])
  })
}

test('ioredis: whoever wraps its sendCommand sees every command and its result', async (t) => {
  const { client } = await redis(t)
  // What is sent before there is a connection, ioredis sends twice.
  await client.get('other')
  const seen = []
  const { sendCommand } = ioredis.Redis.prototype
  t.after(() => {
    ioredis.Redis.prototype.sendCommand = sendCommand
  })
  // As tracing does: what it wraps is called without the command.
  ioredis.Redis.prototype.sendCommand = function wrapped(command, ...rest) {
    const { resolve } = command
    command.resolve = (result) => {
      seen.push([command.name, command.args[0], String(result)])
      resolve(result)
    }
    return sendCommand.call(this, command, ...rest)
  }
  await client.set('k', 'v')
  assert.equal(await client.get('k'), 'v')
  await client.del('k')
  assert.deepEqual(seen, [
    ['SET', 'k', 'OK'],
    ['GET', 'k', 'v'],
    ['DEL', 'k', '1'],
  ])
})
