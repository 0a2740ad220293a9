import { constants } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  connect as dialTls,
} from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { frameOf } from '../../transport/acceptanceScene.ts'
import { PREAMBLE, seal } from '../../transport/framing.ts'
import { tcpTransport } from '../../transport/tcp.ts'
import { tlsSecrets } from '../../transport/tlsSecret.ts'
import { portOf, sleep, until } from './sockets.ts'
import {
  call,
  certificatesOf,
  type Door,
  LAB,
  OTHER_SECRET,
  openDoor,
  pem,
  refusalOf,
  SECRET,
} from './tlsScene.ts'

const { offer } = tlsSecrets({ network: 'lab', secrets: [SECRET] })

/** How long a stranger may stay who was let in, in milliseconds. */
const OPEN_MS_MAX = 2_000

/** What a member's own TLS would say, to be changed in one point. */
const member: ConnectionOptions = {
  host: '127.0.0.1',
  minVersion: 'TLSv1.3',
  ALPNProtocols: ['holdfast/1'],
  ciphers: 'TLS_AES_128_GCM_SHA256',
  checkServerIdentity: () => undefined,
  pskCallback: offer,
}

const secret = suite('tls: who does not know the secret')

const neither = { dialler: 'tls-secret', acceptor: 'tls-secret' }

secret('another secret, or the secret of another network, is refused at both ends', async () => {
  assert.equal(await refusalOf(LAB, { network: 'lab', secrets: [OTHER_SECRET] }), neither)
  assert.equal(await refusalOf(LAB, { network: 'bay', secrets: [SECRET] }), neither)
})

secret('a certificate is no answer to a secret, and the other way round', async () => {
  const alice = { certificates: certificatesOf('alice') }
  assert.is((await refusalOf(LAB, alice)).acceptor, 'tls-secret')
  assert.is((await refusalOf(alice, LAB)).dialler, 'tls-secret')
})

secret('a dialler tells nothing to whoever answers with a certificate', async () => {
  const server = createTlsServer({ cert: pem('alice'), key: pem('alice-key') }, (socket) => {
    socket.on('error', () => {}).on('data', (bytes: Uint8Array) => heard.push(...bytes))
  })
  const heard: number[] = []
  const port = await listenOn(server)
  const { heard: dialler } = await call(`tls://127.0.0.1:${port}`, LAB)
  assert.is(dialler.end?.code, 'tls-secret')
  assert.equal(heard, [])
  server.close()
})

secret('an overheard identity opens nothing, and fails as an invented one does', async () => {
  const door = await openDoor(LAB)
  const { identity } = offer()
  const errors: string[] = []
  for (const name of [identity, `${identity.slice(0, -1)}_`, 'lab']) {
    const psk = new Uint8Array(32)
    errors.push(await tlsError(door, { ...member, pskCallback: () => ({ identity: name, psk }) }))
  }
  assert.is(new Set(errors).size, 1, errors.join(', '))
  for (const index of errors.keys()) assert.is((await door.ended(index)).code, 'tls-secret')
  door.close()
})

secret('identities of one network have nothing in common', () => {
  const names = Array.from({ length: 200 }, () => Buffer.from(offer().identity, 'base64url'))
  for (let at = 0; at < 32; at += 1) {
    assert.ok(new Set(names.map((name) => name[at])).size > 50, `byte ${at} tells the network`)
  }
})

secret('who overhears a connection reads neither frames nor names', async () => {
  const door = await openDoor(LAB)
  const overheard: Uint8Array[] = []
  const proxy = createServer((near) => {
    const far = connect(door.port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('data', (bytes: Uint8Array) => overheard.push(bytes)).pipe(to)
    }
  })
  const { wire } = await call(`tls://127.0.0.1:${await listenOn(proxy)}`, LAB)
  wire.send(seal(Buffer.from('1234the treasure is under the third tree')))
  await until(() => door.accepted[0]?.received.length === 1)
  const text = Buffer.concat(overheard).toString('latin1')
  assert.ok(text.includes('holdfast/1'), 'it hears what is said before the keys are agreed upon')
  for (const word of ['treasure', 'lab', 'HFST']) assert.not(text.includes(word), word)
  wire.destroy()
  proxy.close()
  door.close()
})

secret.run()

const certificates = suite('tls: certificates that are not right')

const AUTHORITY = { certificates: certificatesOf('alice') }

for (const [name, code] of [
  ['stranger', 'certificate-untrusted'],
  ['expired', 'certificate-expired'],
  ['early', 'certificate-expired'],
  ['mail', 'certificate-untrusted'],
] as const) {
  certificates(`${name}: refused as a dialler and as an acceptor, with the reason`, async () => {
    const wrong = { certificates: certificatesOf(name) }
    assert.is((await refusalOf(AUTHORITY, wrong)).acceptor, code)
    assert.is((await refusalOf(wrong, AUTHORITY)).dialler, code)
  })
}

certificates('one of the right authority, but for another host, is no answer', async () => {
  const elsewhere = { certificates: certificatesOf('elsewhere') }
  assert.is((await refusalOf(elsewhere, AUTHORITY)).dialler, 'certificate-name')
})

certificates('a dialler without one is refused', async () => {
  const door = await openDoor(AUTHORITY)
  await tlsError(door, { ...member, pskCallback: undefined as never, ca: pem('authority') })
  assert.is((await door.ended()).code, 'certificate-missing')
  assert.is(door.accepted[0]?.openedCount, 0)
  door.close()
})

certificates.run()

const protocol = suite('tls: who speaks something else')

for (const [name, text] of Object.entries({
  'a peer without TLS': Buffer.from(PREAMBLE).toString('latin1'),
  'an HTTP client': 'GET / HTTP/1.1\r\nHost: bob\r\n\r\n',
  'somebody with random bytes': '\x00\xff\x13\x37 and more of them',
})) {
  protocol(`${name} is cut off, and told apart`, async () => {
    const door = await openDoor(LAB)
    const stranger = connect(door.port, '127.0.0.1').on('error', () => {})
    stranger.resume().write(text, 'latin1')
    assert.is((await door.ended()).code, 'tls-missing')
    assert.is(door.accepted[0]?.openedCount, 0)
    stranger.destroy()
    door.close()
  })
}

protocol('a dial to a peer without TLS, or to a web server, ends as such', async () => {
  for (const [greeting, code] of [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'tls-missing'],
    ['220 mail.example ESMTP\r\n', 'tls-missing'],
    [undefined, 'reset'],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (greeting === undefined) socket.destroy()
      else socket.write(greeting)
    })
    const { heard } = await call(`tls://127.0.0.1:${await listenOn(server)}`, LAB)
    assert.is(heard.end?.code, code, heard.end?.detail)
    server.close()
  }
})

protocol('TLS 1.2 is refused at both ends', async () => {
  const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  const door = await openDoor(LAB)
  const ciphers = 'ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256'
  await tlsError(door, { ...member, ...old, ciphers })
  assert.is((await door.ended()).code, 'tls-version')
  door.close()
  const server = createTlsServer({ ...old, cert: pem('alice'), key: pem('alice-key') })
  server.on('tlsClientError', () => {})
  const { heard } = await call(`tls://127.0.0.1:${await listenOn(server)}`, LAB)
  assert.is(heard.end?.code, 'tls-version')
  server.close()
})

protocol('a member that is there for something else is turned away', async () => {
  const door = await openDoor(LAB)
  await tlsError(door, { ...member, ALPNProtocols: ['h2'] })
  assert.is((await door.ended(0)).code, 'tls-protocol')
  await tlsError(door, { ...member, ALPNProtocols: undefined as never })
  assert.is((await door.ended(1)).code, 'tls-protocol')
  door.close()
})

protocol('keys are fresh for each connection, also if a dialler would do without', async () => {
  const door = await openDoor(LAB)
  const secureOptions = constants.SSL_OP_ALLOW_NO_DHE_KEX
  const socket = dialTls({ ...member, port: door.port, secureOptions }).on('error', () => {})
  await once(socket, 'secureConnect')
  assert.match(JSON.stringify(socket.getEphemeralKeyInfo()), 'X25519')
  socket.destroy()
  door.close()
})

protocol('nobody gets in by a ticket of an earlier connection', async () => {
  for (const options of [LAB, AUTHORITY]) {
    const door = await openDoor(options)
    const own = options.certificates ? { ...certificatesOf('bob'), pskCallback: undefined } : {}
    const asMember = { ...member, ...own, port: door.port } as ConnectionOptions
    const first = dialTls(asMember).on('error', () => {})
    first.resume().write(PREAMBLE)
    const [session] = (await once(first, 'session')) as [Buffer]
    first.destroy()
    const proofless = { ca: pem('authority'), cert: undefined, key: undefined, session }
    const again = { ...asMember, ...proofless, pskCallback: undefined } as ConnectionOptions
    await tlsError(door, again)
    assert.match((await door.ended(1)).code, /^(tls-secret|certificate-missing)$/)
    assert.is(door.accepted[1]?.openedCount, 0)
    door.close()
  }
})

protocol.run()

const slow = suite('tls: who takes his time')

slow('one deadline covers TLS and the preamble, however slowly bytes drip', async () => {
  const door = await openDoor({ ...LAB, preambleMsMax: 150 })
  const silent = connect(door.port, '127.0.0.1').on('error', () => {})
  const dripping = connect(door.port, '127.0.0.1').on('error', () => {})
  const hello = Buffer.from('16030100fa010000f60303', 'hex')
  let sent = 0
  const drip = setInterval(() => dripping.write(hello.subarray(sent, ++sent)), 20)
  const secured = dialTls({ ...member, port: door.port }).on('error', () => {})
  for (const index of [0, 1, 2]) assert.is((await door.ended(index)).code, 'timeout')
  clearInterval(drip)
  for (const socket of [silent, dripping, secured]) socket.destroy()
  door.close()
})

slow('a member gets in while forty strangers hold their handshakes open', async () => {
  const door = await openDoor(LAB)
  const strangers = Array.from({ length: 40 }, () => {
    const stranger = connect(door.port, '127.0.0.1').on('error', () => {})
    stranger.write(Buffer.from('1603010200', 'hex'))
    return stranger
  })
  await until(() => door.accepted.length === strangers.length)
  const { wire, heard } = await call(door.address, LAB)
  assert.is(heard.openedCount, 1)
  wire.send(frameOf(100, 1))
  await until(() => door.accepted.at(-1)?.received.length === 1)
  for (const stranger of strangers) stranger.destroy()
  // Who has hung up is not waited for.
  for (const index of strangers.keys()) assert.is((await door.ended(index)).code, 'reset')
  door.close()
})

slow('who hangs up in good order in the middle of the handshake is gone at once', async () => {
  const door = await openDoor(LAB)
  const stranger = connect(door.port, '127.0.0.1').on('error', () => {})
  stranger.end(Buffer.from('1603010200', 'hex'))
  const startMs = performance.now()
  assert.is((await door.ended()).code, 'reset')
  assert.ok(performance.now() - startMs < 2_000, 'it waited for the deadline')
  door.close()
})

slow('a server that never answers is a timeout', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  const port = await listenOn(server)
  const { heard } = await call(`tls://127.0.0.1:${port}`, { ...LAB, dialMsMax: 50 })
  assert.is(heard.end?.code, 'timeout')
  server.close()
})

slow('a TLS dial to a peer without TLS tells it nothing that it could use', async () => {
  let address = ''
  const ends: string[] = []
  const listener = tcpTransport().listen('tcp://127.0.0.1:0', {
    listening: (bound) => {
      address = bound
    },
    accepted: () => ({
      opened: () => assert.unreachable('it opened'),
      frames() {},
      drained() {},
      closed: ({ code }) => ends.push(code),
    }),
    failed: ({ detail }) => assert.unreachable(detail),
  })
  await until(() => address !== '')
  const { heard } = await call(`tls://127.0.0.1:${portOf(address)}`, LAB)
  assert.is(heard.end?.code, 'reset')
  await until(() => ends.length === 1)
  assert.equal(ends, ['bad-preamble'])
  listener.close()
})

slow.run()

/** Dials with a TLS of one's own, says what a member would say, and returns how that ended. */
async function tlsError({ port }: Door, options: ConnectionOptions): Promise<string> {
  let code = 'closed'
  const socket = dialTls({ ...options, port })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? error.message
  })
  socket.once('secureConnect', () => socket.write(PREAMBLE))
  // A door that lets him in would never hang up.
  socket.setTimeout(OPEN_MS_MAX, () => socket.destroy())
  await new Promise((resolve) => socket.resume().once('close', resolve))
  return code
}

/** Listens without keeping the process alive, should a check fail. */
async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const bound = server.address()
  await sleep(0)
  return typeof bound === 'object' ? (bound?.port ?? 0) : 0
}
