// Compiled, never run: what the types allow an ES module, and what they don't.
import ringshift, {
  ERROR_KINDS,
  type ErrorCode,
  InvalidationLostError,
  type Metrics,
  type Node,
  RingshiftError,
  type Route,
  Router,
  type RouterEvent,
  type Target,
} from 'ringshift'
import { type LoadOptions, Redis } from 'ringshift/adapters/ioredis'
import { Client, type Serializer } from 'ringshift/adapters/memjs'

const router: Router = Router.open('cache.json', { region: 'kr', watch: 1000, lastGood: null })
Router.fromSpec(new Uint8Array(3))
const route: Route = router.route('user:42')
const read: Target | null = route.read
const address: string | undefined = read?.node.address
const zone: string | null | undefined = read?.nodes[0]?.zone
const groups: Map<Node | null, number[]> = router.groupByNode(new Set(['a', Buffer.from('b')]))
const metrics: Metrics = router.metrics()
const failed: number = metrics.requests.filter(({ outcome }) => outcome === 'error').length
const event: RouterEvent | undefined = router.events(router.events().at(-1)?.sequence)[0]
const loud: boolean = event?.level === 'warning' && event.error === 'spec_syntax'
if (read) router.report(read, 'hit')
for (const node of route.invalidate) router.lost(node, Buffer.from('user:42'), 'timeout')
for (const { key, loss } of read ? router.owed(read) : []) router.repaid(key, loss)
const code: ErrorCode | undefined = ERROR_KINDS[0]?.code
const applied: boolean = router.refresh() || router.apply('{}')
const same: typeof Router = ringshift.Router
router[Symbol.dispose]()

const client = new Client(router, { timeout: 1, keepAlive: true })
const { value } = await client.get('user:42')
const text: string | undefined = value?.toString()
await client.set(Buffer.from('user:42'), 'Ada', { expires: 60 }).catch((error: unknown) => {
  if (error instanceof InvalidationLostError) console.log(error.cluster, error.node.id, error.key)
  else if (error instanceof RingshiftError) console.log(error.code, error.pointer, error.line)
})

interface Person {
  name: string
}
declare const serializer: Serializer<Person, Person>
const people = new Client(router, { serializer })
const name: string | undefined = (await people.get('user:42')).value?.name
await people.set('user:42', { name: 'Ada' })

const options: LoadOptions = { expire: 60 }
const loaded: Buffer | null = await client.getOrLoad('user:42', async () => 'Ada')
const redis = new Redis(router, { db: 1, commandTimeout: 200 })
const user: string | null = await redis.getOrLoad('user:42', () => 42, options)
const bytes: (Buffer | null)[] = await redis.mgetBuffer(['a', Buffer.from('b')], 'c')
const stored: 'OK' | null = await redis.set('user:42', 'Ada', 'EX', 60, 'NX')
await redis.invalidate('user:42')

// @ts-expect-error the constructor is private
new Router()
// @ts-expect-error a key is a string or bytes
router.route(42)
// @ts-expect-error no such outcome
router.report(route.invalidate[0], 'hti')
// @ts-expect-error routes are frozen
route.fill = true
// @ts-expect-error no such option
Router.open('cache.json', { regoin: 'kr' })
// @ts-expect-error failover is refused
new Client(router, { failover: true })
// @ts-expect-error a value of another type than the serializer's
await people.set('user:42', 'Ada')

// @ts-expect-error what is loaded is what can be stored
await redis.getOrLoad('user:42', () => ({ name: 'Ada' }))
// @ts-expect-error a condition can't be carried out at several nodes
await redis.expire('user:42', 60, 'NX')

export { address, applied, bytes, code, failed, groups, loaded, loud, name, same, stored, text, user, zone }
