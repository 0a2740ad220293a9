import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { transportChecks } from '../../transport/acceptance.ts'
import { connect as connectPair, frameOf, WireRecorder } from '../../transport/acceptanceScene.ts'
import { PREAMBLE } from '../../transport/framing.ts'
import type { Wire, WireEnd, WireEvents } from '../../transport/ports.ts'
import { type TcpOptions, tcpTransport } from '../../transport/tcp.ts'
import { leavesNothing, sceneOf, sleep, until } from './sockets.ts'

for (const address of ['tcp://127.0.0.1:0', 'tcp://[::1]:0']) {
  const carrier = suite(`tcp: carrier at ${address}`)
  for (const { title, run } of transportChecks(() => sceneOf(tcpTransport(), address)))
    carrier(title, run)
  carrier.run()
}

const hostile = suite('tcp: strangers')

/** A listener that notes the end of whoever comes, and a socket of a stranger. */
async function meet(options?: TcpOptions): Promise<Meeting> {
  const ends: WireEnd[] = []
  const opened: string[] = []
  let address: string | undefined
  const listener = tcpTransport(options).listen('tcp://127.0.0.1:0', {
    listening: (chosen) => {
      address = chosen
    },
    accepted: (wire): WireEvents => ({
      opened: () => opened.push(wire.remoteAddress),
      frames() {},
      drained() {},
      closed: (end) => ends.push(end),
    }),
    failed: ({ detail }) => assert.unreachable(detail),
  })
  await until(() => address !== undefined)
  const stranger = connect(Number(address?.split(':').at(-1)), '127.0.0.1')
  stranger.on('error', () => {})
  let bytes = 0
  stranger.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
  })
  await once(stranger, 'connect')
  stranger.once('close', () => listener.close())
  return { stranger, ends, opened, address: address ?? '', bytesHeard: () => bytes }
}

interface Meeting {
  readonly stranger: Socket
  readonly ends: readonly WireEnd[]
  readonly opened: readonly string[]
  readonly address: string
  bytesHeard(): number
}

for (const [name, text] of Object.entries({
  'an HTTP client': 'GET / HTTP/1.1\r\nHost: bob\r\n\r\n',
  'an HTTP client whose first byte is right': 'HEAD / HTTP/1.1\r\nHost: bob\r\n\r\n',
  'a peer of another framing': 'HFST\x02',
  'a TLS client': '\x16\x03\x01\x02\x00\x01\x00',
})) {
  hostile(`${name} is cut off without a byte`, async () => {
    const { stranger, ends, opened, bytesHeard } = await meet()
    stranger.write(text, 'latin1')
    await once(stranger, 'close')
    await until(() => ends.length === 1)
    assert.is(bytesHeard(), 0)
    assert.is(ends[0]?.code, 'bad-preamble')
    assert.equal(opened, [])
  })
}

hostile('a preamble that comes byte by byte is a preamble', async () => {
  const { stranger, opened, bytesHeard } = await meet()
  for (const byte of PREAMBLE) {
    assert.is(bytesHeard(), 0)
    stranger.write(Uint8Array.of(byte))
    await sleep(2)
  }
  await until(() => bytesHeard() === PREAMBLE.length)
  assert.is(opened.length, 1)
  stranger.destroy()
})

hostile('who says nothing is cut off in time', async () => {
  const { stranger, ends, bytesHeard } = await meet({ preambleMsMax: 20 })
  stranger.write('HF')
  await once(stranger, 'close')
  await until(() => ends.length === 1)
  assert.is(ends[0]?.code, 'timeout')
  assert.is(bytesHeard(), 0)
})

hostile('who spoke in time is heard by a process that was held up', async () => {
  const bob = new WireRecorder('bob')
  const stranger = new Socket().on('error', () => {})
  let address: string | undefined
  let accepted = () => {}
  const isAccepted = new Promise<void>((resolve) => {
    accepted = resolve
  })
  const listener = tcpTransport({ preambleMsMax: 20 }).listen('tcp://127.0.0.1:0', {
    listening: (chosen) => {
      address = chosen
    },
    accepted: () => {
      accepted()
      return bob
    },
    failed: ({ detail }) => assert.unreachable(detail),
  })
  await until(() => address !== undefined)
  stranger.connect(Number(address?.split(':').at(-1)), '127.0.0.1')
  await Promise.all([isAccepted, once(stranger, 'connect')])
  bob.isEarly = false
  stranger.write(PREAMBLE)
  const start = performance.now()
  while (performance.now() < start + 100);
  await until(() => bob.openedCount > 0 || bob.isEnded)
  assert.is(bob.end, undefined)
  stranger.destroy()
  listener.close()
})

hostile('a frame that is cut off by the end is a bad frame', async () => {
  const { stranger, ends } = await meet()
  stranger.end(Uint8Array.of(...PREAMBLE, 0, 0, 0, 9, 1, 2))
  await until(() => ends.length === 1)
  assert.is(ends[0]?.code, 'bad-frame')
})

hostile('an announced frame of 4 GiB ends the wire', async () => {
  const { stranger, ends } = await meet()
  stranger.write(Uint8Array.of(...PREAMBLE, 0xff, 0xff, 0xff, 0xff))
  await until(() => ends.length === 1)
  assert.is(ends[0]?.code, 'bad-frame')
  stranger.destroy()
})

hostile('a connection that breaks is a reset', async () => {
  const { stranger, ends, opened } = await meet()
  stranger.write(PREAMBLE)
  await until(() => opened.length === 1)
  stranger.resetAndDestroy()
  await until(() => ends.length === 1)
  assert.is(ends[0]?.code, 'reset')
})

hostile('a dialler tells a server of another kind its preamble and nothing else', async () => {
  let heard = Buffer.alloc(0)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
      socket.write('220 mail.example ESMTP\r\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : 0
  const alice = new WireRecorder('alice')
  const wire = tcpTransport().dial(`tcp://127.0.0.1:${port}`, alice)
  alice.isEarly = false
  wire.send(Uint8Array.of(0, 0, 0, 1, 7))
  await until(() => alice.end !== undefined)
  assert.is(alice.end?.code, 'bad-preamble')
  assert.equal([...heard], [...PREAMBLE])
  server.close()
})

hostile('a server that never answers is a timeout', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : 0
  const alice = new WireRecorder('alice')
  tcpTransport({ dialMsMax: 20 }).dial(`tcp://127.0.0.1:${port}`, alice)
  alice.isEarly = false
  await until(() => alice.end !== undefined)
  assert.is(alice.end?.code, 'timeout')
  server.close()
})

hostile.run()

const names = suite('tcp: names')

/** How a dial by that name ends, or `opened`. */
async function dialByName(address: string, mayReach: (host: string) => boolean): Promise<string> {
  const recorder = new WireRecorder(address)
  const wire = tcpTransport().dial(address, recorder, mayReach)
  recorder.isEarly = false
  await until(() => recorder.openedCount > 0 || recorder.end !== undefined)
  wire.destroy()
  return recorder.end?.code ?? `opened at ${wire.remoteHost}`
}

names('a name leads nowhere that it may not', async () => {
  const { stranger, address } = await meet()
  const byName = address.replace('127.0.0.1', 'localhost')
  const asked: string[] = []
  const forbid = (host: string) => asked.push(host) < 0
  assert.is(await dialByName(byName, forbid), 'unsupported')
  assert.ok(asked.includes('127.0.0.1'))
  const only4 = (host: string) => host === '127.0.0.1'
  assert.is(await dialByName(byName, only4), 'opened at 127.0.0.1')
  stranger.destroy()
})

names.run()

const writes = suite('tcp: writes')

/** How often bytes are handed to the system for these frames of one tick: in all, and within it. */
async function countWrites({ frames, bytes }: { frames: number; bytes: number }) {
  const here = sceneOf(tcpTransport(), 'tcp://127.0.0.1:0')
  const { dialled, accepted } = await connectPair(here)
  accepted.wire.limitFrames(2 * bytes)
  const counted = { write: 0, writev: 0 }
  let inTick = 0
  // These two are where every stream hands its bytes to the system.
  const { _write, _writev } = Socket.prototype
  Socket.prototype._write = function (...all) {
    counted.write += 1
    _write.apply(this, all)
  }
  Socket.prototype._writev = function (...all) {
    counted.writev += 1
    _writev?.apply(this, all)
  }
  try {
    for (let mark = 0; mark < frames; mark += 1) dialled.wire.send(frameOf(bytes, mark))
    inTick = counted.write + counted.writev
    await until(() => accepted.heard.received.length === frames)
  } finally {
    Object.assign(Socket.prototype, { _write, _writev })
    await here.close()
  }
  return { ...counted, inTick }
}

writes('the first frame of a tick leaves at once, and the rest in one write', async () => {
  const counted = await countWrites({ frames: 100, bytes: 10 })
  assert.equal(counted, { write: 1, writev: 1, inTick: 1 })
})

writes('much data leaves before the tick ends, and not frame by frame', async () => {
  const { write, writev, inTick } = await countWrites({ frames: 100, bytes: 10_000 })
  assert.ok(inTick >= 3, `${inTick} writes`)
  assert.ok(write + writev <= 20, `${write + writev} writes`)
})

writes.run()

const reads = suite('tcp: reads')

/** Long enough not to be copied without need, in bytes. */
const LONG = 20_000

reads('what came stays what it is while more is read', async () => {
  const here = sceneOf(tcpTransport(), 'tcp://127.0.0.1:0')
  const { dialled, accepted } = await connectPair(here)
  const sent = [1, 2, 3].map((mark) => frameOf(LONG, mark))
  for (const [near, far] of [[dialled, accepted] as const, [accepted, dialled] as const]) {
    near.wire.limitFrames(LONG)
    for (const [index, frame] of sent.entries()) {
      far.wire.send(frame)
      await until(() => near.heard.received.length > index)
    }
  }
  await here.close()
  assert.equal(dialled.heard.received, sent)
  assert.equal(accepted.heard.received, sent)
})

/** Sends the preamble and a frame behind it at once, to a wire that must not be read yet. */
const RUSHED = Buffer.concat([PREAMBLE, frameOf(100, 1)])

async function holdsBack(wire: Wire, heard: Uint8Array[], socket: Socket): Promise<void> {
  await sleep(20)
  socket.write(frameOf(100, 2))
  await sleep(20)
  assert.equal(heard, [])
  wire.resumeReading()
  wire.pauseReading()
  await sleep(20)
  assert.equal(heard, [])
  wire.resumeReading()
  await until(() => heard.length === 2)
  assert.equal(heard, [frameOf(100, 1), frameOf(100, 2)])
  wire.destroy()
  socket.destroy()
}

function hearing(heard: Uint8Array[]): WireEvents {
  const frames = (list: readonly Uint8Array[]) => void heard.push(...list)
  return { opened() {}, frames, drained() {}, closed() {} }
}

reads('a dialler that holds back reading from the start loses nothing', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.write(RUSHED)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const heard: Uint8Array[] = []
  const wire = tcpTransport().dial(`tcp://127.0.0.1:${port}`, hearing(heard))
  wire.pauseReading()
  const [socket] = await once(server, 'connection')
  await holdsBack(wire, heard, socket)
  server.close()
})

reads('an acceptor that holds back reading from the start loses nothing', async () => {
  const heard: Uint8Array[] = []
  const accepted: Wire[] = []
  let address: string | undefined
  const listener = tcpTransport().listen('tcp://127.0.0.1:0', {
    listening: (chosen) => {
      address = chosen
    },
    accepted: (wire) => {
      wire.pauseReading()
      accepted.push(wire)
      return hearing(heard)
    },
    failed: ({ detail }) => assert.unreachable(detail),
  })
  await until(() => address !== undefined)
  const socket = connect(Number(address?.split(':').at(-1)), '127.0.0.1')
  socket.write(RUSHED)
  await until(() => accepted.length === 1)
  await holdsBack(accepted[0] as Wire, heard, socket)
  listener.close()
})

reads.run()

const leftovers = suite('tcp: the process')

leftovers('what was closed leaves no handle that would keep the process alive', () =>
  leavesNothing(sceneOf(tcpTransport(), 'tcp://127.0.0.1:0')),
)

leftovers.run()
