import { createServer, type Server, Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until, within } from './fleet.ts'
import { reset, TcpProxy } from './proxy.ts'

const WAIT_MS_MAX = 10_000
/** More than the proxy and the buffers of both kernels' sockets keep, in bytes. */
const FLOOD_BYTES = 64 * 1024 * 1024

const toBob = { from: 'alice', to: 'bob' }

let proxy: TcpProxy
let address: { host: string; port: number }
let server: Server
/** Bob's ends, in the order in which they came. */
let ends: End[] = []
const sockets: Socket[] = []

/** One end of a connection, and what became of it. */
class End {
  readonly socket: Socket
  text = ''
  bytes = 0
  ending: 'end' | 'error' | undefined

  constructor(socket: Socket) {
    this.socket = socket
    sockets.push(socket)
    socket.on('data', (chunk) => {
      this.bytes += chunk.length
      this.text = (this.text + chunk.toString()).slice(-100)
    })
    socket.on('end', () => {
      this.ending ??= 'end'
    })
    socket.on('error', () => {
      this.ending ??= 'error'
    })
  }

  has(text: string): Promise<number> {
    return until(() => this.text.endsWith(text), `'${text}' to arrive, not '${this.text}'`)
  }
}

const scenes = suite('proxy')

scenes.before.each(async () => {
  ends = []
  // Whoever dials says its name first, in a line.
  proxy = new TcpProxy({
    identify: (bytes) => /^(\w+)\n/.exec(Buffer.from(bytes).toString())?.[1],
  })
  server = createServer({ allowHalfOpen: true }, (socket) => ends.push(new End(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.lead('bob', (server.address() as { port: number }).port)
  const { hostname, port } = new URL(await proxy.open('bob'))
  address = { host: hostname, port: Number(port) }
})

scenes.after.each(async () => {
  await proxy.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

async function dial(name: string): Promise<{ here: End; there: End }> {
  const here = new End(new Socket({ allowHalfOpen: true }).connect(address))
  here.socket.write(`${name}\n`)
  const known = ends.length
  await until(() => ends.length > known, 'the connection to arrive')
  const there = ends.at(-1) as End
  await there.has(`${name}\n`)
  return { here, there }
}

scenes('what one end says arrives at the other, and so does its end, each way', async () => {
  const { here, there } = await dial('alice')
  here.socket.write('good day')
  await there.has('good day')
  there.socket.write('hello')
  await here.has('hello')
  here.socket.end('bye')
  await there.has('bye')
  await until(() => there.ending === 'end', 'the end of that direction')
  there.socket.end('good bye')
  await here.has('good bye')
  await until(() => here.ending === 'end', 'the end of the other')
})

scenes('a delay is for one direction of one pair', async () => {
  const { here, there } = await dial('alice')
  const carol = await dial('carol')
  proxy.impose(toBob, { delayMs: 300 })
  here.socket.write('late')
  const start = performance.now()
  there.socket.write('soon')
  await here.has('soon')
  carol.here.socket.write('soon')
  await carol.there.has('soon')
  assert.is(there.text, 'alice\n')
  await there.has('late')
  assert.ok(performance.now() - start >= 295)
})

scenes('a held direction passes nothing, the other does, and nothing is lost', async () => {
  const { here, there } = await dial('alice')
  proxy.impose(toBob, { isHeld: true })
  here.socket.write('kept')
  here.socket.end()
  there.socket.write('passed')
  await here.has('passed')
  // What was sent back after the text had had all the time in the world to come.
  assert.is(there.text, 'alice\n')
  assert.is(there.ending, undefined)
  proxy.heal()
  await there.has('kept')
  await until(() => there.ending === 'end', 'the end behind it')
})

scenes('who dials into a held pair is accepted, and what it says waits', async () => {
  proxy.impose(toBob, { isHeld: true })
  const here = new End(new Socket().connect(address))
  here.socket.write('alice\n')
  await until(() => ends.length === 1, 'the connection to arrive')
  const carol = await dial('carol')
  assert.is(carol.there.text, 'carol\n')
  assert.is(ends[0]?.text, '')
  proxy.heal()
  await ends[0]?.has('alice\n')
})

scenes('a stalled peer holds the sender back, which loses nothing', async () => {
  const { here, there } = await dial('alice')
  proxy.impose(toBob, { isHeld: true })
  for (let sent = 0; sent < FLOOD_BYTES; sent += 1024 * 1024) {
    here.socket.write(Buffer.alloc(1024 * 1024))
  }
  let before = -1
  await until(async () => {
    const isSteady = here.socket.writableLength === before
    before = here.socket.writableLength
    if (!isSteady) await new Promise((resolve) => setTimeout(resolve, 100))
    return isSteady
  }, 'the sender to be held back')
  assert.ok(here.socket.writableLength > FLOOD_BYTES / 2, `${here.socket.writableLength} wait`)
  proxy.heal()
  await until(() => there.bytes === FLOOD_BYTES + 6, 'everything to arrive')
})

scenes('a throttled direction takes its time', async () => {
  const { here, there } = await dial('alice')
  proxy.impose(toBob, { bytesPerSecond: 20_000 })
  const start = performance.now()
  here.socket.write(Buffer.alloc(10_000))
  await until(() => there.bytes === 10_006, 'all bytes')
  assert.ok(performance.now() - start > 400, `took ${performance.now() - start} ms`)
})

for (const [how, ending] of [
  ['reset', 'error'],
  ['end', 'end'],
] as const) {
  scenes(`a cut by ${how} ends what is there at both ends, and the next dial works`, async () => {
    const { here, there } = await dial('alice')
    const other = await dial('carol')
    assert.is(proxy.cut('bob', 'alice', how), 1)
    await until(() => here.ending === ending && there.ending === ending, `${ending} at both ends`)
    assert.is(other.here.ending, undefined)
    const again = await dial('alice')
    again.here.socket.write('back')
    await again.there.has('back')
  })
}

scenes('a refused pair is reset as soon as it is known, and others are not', async () => {
  const { here } = await dial('alice')
  proxy.refuse('alice', 'bob')
  await until(() => here.ending === 'error', 'the reset')
  const again = new End(new Socket().connect(address))
  again.socket.write('alice\n')
  await until(() => again.ending === 'error', 'the second reset')
  await dial('carol')
  proxy.heal()
  await dial('alice')
})

scenes('where nobody listens a dial is reset', async () => {
  proxy.lead('bob', undefined)
  const here = new End(new Socket().connect(address))
  await until(() => here.ending === 'error', 'the reset')
  const { port } = server.address() as { port: number }
  server.close()
  await within(WAIT_MS_MAX, new Promise((resolve) => server.once('close', resolve)), 'the end')
  proxy.lead('bob', port)
  const late = new End(new Socket().connect(address))
  await until(() => late.ending === 'error', 'the refusal')
})

scenes('what a peer said before it was reset arrives, and then the end', async () => {
  const { here, there } = await dial('alice')
  proxy.impose(toBob, { isHeld: true })
  here.socket.write('last words')
  there.socket.write('so long')
  await here.has('so long')
  const carol = await dial('carol')
  reset(here.socket)
  carol.here.socket.write('done')
  await carol.there.has('done')
  assert.is(there.ending, undefined)
  proxy.heal()
  await there.has('last words')
  // An RST that comes together with bytes is an end in good order to Node.
  await until(() => there.ending !== undefined, 'the end behind it')
})

scenes.run()
