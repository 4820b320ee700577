// Compiled, never run: the types of CommonJS.
import ringshift = require('ringshift')
import ioredis = require('ringshift/adapters/ioredis')
import memjs = require('ringshift/adapters/memjs')

const router: ringshift.Router = ringshift.Router.open('cache.json')
const client: memjs.Client = new memjs.Client(router)
const generation: number = router.route(Buffer.from('user:42')).generation
const found: Promise<memjs.Found> = client.get('user:42')
const value: Promise<string | null> = new ioredis.Redis(router).get('user:42')
const error: ringshift.RingshiftError | null = router.lastError

export = { error, found, generation, value }
