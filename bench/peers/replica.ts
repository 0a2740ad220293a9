/** A process with one replica of another system: `replica.ts SYSTEM NAME`. */

import { obey } from '../commands.ts'
import type { System } from '../system.ts'
import { AutomergeSystem } from './automergeSystem.ts'
import { GunSystem } from './gunSystem.ts'
import { Js2pSystem } from './js2pSystem.ts'
import { Libp2pSystem } from './libp2pSystem.ts'
import { NatsSystem } from './natsSystem.ts'
import { RedisSystem } from './redisSystem.ts'
import { meterSockets } from './socketMeter.ts'
import { TinybaseSystem } from './tinybaseSystem.ts'
import { YjsTcpSystem, YjsWebsocketSystem } from './yjsSystem.ts'

const SYSTEMS: Readonly<Record<string, new () => System>> = {
  redis: RedisSystem,
  'nats kv': NatsSystem,
  'yjs tcp': YjsTcpSystem,
  'y-websocket': YjsWebsocketSystem,
  tinybase: TinybaseSystem,
  gun: GunSystem,
  'automerge-repo': AutomergeSystem,
  'libp2p gossipsub': Libp2pSystem,
  js2p: Js2pSystem,
}

const [name = '', peer = ''] = process.argv.slice(2)
// Some greet on standard output, which belongs to the table.
console.log = () => {}
console.warn = () => {}
// libp2p needs what came to Node after the oldest version that is supported here.
Promise.withResolvers ??= <Value>() => {
  let resolve!: (value: Value | PromiseLike<Value>) => void
  let reject!: (reason?: unknown) => void
  const promise = new Promise<Value>((one, other) => {
    resolve = one
    reject = other
  })
  return { promise, resolve, reject }
}
meterSockets()
obey(new (SYSTEMS[name] as new () => System)(), peer)
