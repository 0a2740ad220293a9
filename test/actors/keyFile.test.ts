/** The files that keep a secret or an identity, and what a dictionary does without options. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keptKey, secretPath } from '../../actors/keyFile.ts'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { CONFIG_HOME, SECRET } from '../secret.ts'
import { addressOf, Company, rejected } from './company.ts'

/** How many processes make one file at once. */
const PROCESSES = 4
const MAKE = `
import { keptKey } from ${JSON.stringify(new URL('../../actors/keyFile.ts', import.meta.url).href)}
process.stdin.once('data', () => {
  console.log(Buffer.from(keptKey(process.argv[1])).toString('hex'))
  process.exit()
})
console.log('ready')
`

const files = suite<{ folder: string; path: string }>('key files')

files.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  context.path = join(context.folder, 'deep', 'below', 'secret')
})

files.after.each(({ folder }) => {
  delete process.env.HOLDFAST_SECRET
  process.env.XDG_CONFIG_HOME = CONFIG_HOME
  rmSync(folder, { recursive: true })
})

const refusedFor = (path: string) => {
  try {
    keptKey(path)
  } catch (error) {
    assert.instance(error, HoldfastError)
    const { code, reason } = error as HoldfastError
    assert.is(code, 'SECRET_FILE_REFUSED')
    assert.is((error as HoldfastError).path, path)
    return reason
  }
  return undefined
}

files(
  'the first start makes one that only its owner can read, and all read the same',
  (context) => {
    const { path } = context
    const key = keptKey(path)
    assert.is(key.length, 32)
    assert.is(new Set(key).size > 8, true)
    assert.is(statSync(path).mode & 0o777, 0o600)
    assert.is(statSync(join(path, '..')).mode & 0o777, 0o700)
    assert.equal(keptKey(path), key)
    assert.match(readFileSync(path, 'utf8'), /^[\w-]{43}\n$/)
    assert.equal(readdirSync(join(path, '..')), ['secret'])
  },
)

files('processes that make it at once end with the same one', async ({ path }) => {
  const children = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', MAKE, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  const said = children.map(() => '')
  children.forEach((child, index) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said[index] += text
    })
  })
  await Promise.all(children.map((child) => once(child.stdout, 'data')))
  const ended = children.map((child) => once(child, 'close'))
  for (const child of children) child.stdin.write('go\n')
  await Promise.all(ended)
  const key = Buffer.from(keptKey(path)).toString('hex')
  assert.equal(said, Array(PROCESSES).fill(`ready\n${key}\n`))
})

files('one that others can read or write is refused, and one of somebody else', ({ path }) => {
  keptKey(path)
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o601, 0o644]) {
    chmodSync(path, mode)
    assert.is(refusedFor(path), 'permissions', mode.toString(8))
  }
  chmodSync(path, 0o400)
  assert.is(refusedFor(path), undefined)
  if (process.getuid?.() !== 0) return
  chownSync(path, 12_345, 12_345)
  assert.is(refusedFor(path), 'owner')
})

files('one that holds no key is refused and stays as it is', ({ folder }) => {
  const path = join(folder, 'file')
  const good = 'A'.repeat(43)
  for (const text of ['', 'short', `${good}B`, good.slice(1), `${good}!`, 'x'.repeat(5_000)]) {
    writeFileSync(path, text, { mode: 0o600 })
    assert.is(refusedFor(path), 'content', text.slice(0, 50))
    assert.is(readFileSync(path, 'utf8'), text)
  }
  assert.is(refusedFor(folder), 'unreadable')
  assert.is(refusedFor(join(path, 'below')), 'unreadable')
})

files('without options two of one user find each other, and strangers do not', async (context) => {
  process.env.XDG_CONFIG_HOME = context.folder
  const company = new Company()
  try {
    const alice = await company.listening({ peerId: undefined as never })
    assert.match(alice.peerId, /^[a-z2-7]{32}$/)
    const bob = await company.alone({ peerId: undefined as never })
    assert.is(await bob.connect(addressOf(alice)), alice.peerId)
    assert.is(secretPath(), join(context.folder, 'holdfast', 'secret'))
    assert.ok(existsSync(secretPath()))
    const carol = await company.alone({ peerId: 'carol', secret: 'another one' })
    const { reason } = await rejected('SECRET_MISMATCH', carol.connect(addressOf(alice)))
    assert.is(reason, 'unanswered')
    chmodSync(secretPath(), 0o644)
    await rejected('SECRET_FILE_REFUSED', openDictionary())
  } finally {
    await company.close()
  }
})

files('a peer with an identity has the same id after a restart, and no other', async (context) => {
  const identity = join(context.folder, 'alice')
  const first = await openDictionary({ identity })
  await first.close()
  const again = await openDictionary({ identity, peerId: first.peerId })
  assert.is(again.peerId, first.peerId)
  await again.close()
  const other = await openDictionary()
  assert.is.not(other.peerId, first.peerId)
  await other.close()
  for (const peerId of ['alice', other.peerId]) {
    const { option } = await rejected('OPTION_INVALID', openDictionary({ identity, peerId }))
    assert.is(option, 'peerId')
  }
})

files('secrets change while peers run: both are accepted, and the first is used', async () => {
  const company = new Company()
  try {
    const both = await company.listening({ secret: ['the new one', 'the old one'] })
    const old = await company.alone({ peerId: 'bob', secret: ['the old one', 'the new one'] })
    const renewed = await company.alone({ peerId: 'carol', secret: 'the new one' })
    assert.is(await old.connect(addressOf(both)), 'alice')
    assert.is(await renewed.connect(addressOf(both)), 'alice')
    const stale = await company.alone({ peerId: 'dave', secret: 'the older one' })
    await rejected('SECRET_MISMATCH', stale.connect(addressOf(both)))
  } finally {
    await company.close()
  }
})

files('an address that leads out is refused, and the error shows what to write', async () => {
  const secret = SECRET
  const insecure = 'plain-text-on-this-network'
  const bare = { secret: 'weak' }
  for (const host of ['0.0.0.0', '[::]', 'alice.example', '192.0.2.1']) {
    const listen = [`tcp://${host}:0`]
    const { message } = await rejected('ADDRESS_EXPOSED', openDictionary({ ...bare, listen }))
    assert.match(message, "  secret: '…',")
    assert.match(message, `  listen: ['tls://${host}:0'],`)
    const strong = await rejected('ADDRESS_EXPOSED', openDictionary({ secret, listen }))
    assert.not.match(strong.message, 'secret:')
    const join = [`tcp://${host}:1`]
    const dialled = await rejected('ADDRESS_EXPOSED', openDictionary({ secret, join }))
    assert.match(dialled.message, `  join: ['tls://${host}:1'],`)
  }
  await rejected(
    'ADDRESS_EXPOSED',
    openDictionary({ ...bare, insecure, listen: ['tcp://0.0.0.0:0'] }),
  )
  const open = await openDictionary({ secret, insecure, listen: ['tcp://0.0.0.0:0'] })
  await open.close()
  const alice = await openDictionary({ secret })
  await rejected('ADDRESS_EXPOSED', alice.connect('tcp://192.0.2.1:1'))
  await alice.close()
})

files('what inspects a dictionary sees no secret and no private key', async () => {
  const seen: string[] = []
  const secret = 'a-secret-that-nobody-may-see'
  const inspect = (event: unknown) => {
    const circles = new WeakSet<object>()
    seen.push(
      JSON.stringify(event, (_, value) => {
        if (typeof value !== 'object' || value === null) return value
        if (circles.has(value)) return undefined
        circles.add(value)
        return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
      }) ?? '',
    )
  }
  const company = new Company()
  try {
    const alice = await company.listening({ secret, inspect })
    const bob = await company.alone({ peerId: 'bob', secret, inspect })
    await bob.connect(addressOf(alice))
  } finally {
    await company.close()
  }
  assert.ok(seen.length > 100)
  assert.is(seen.filter((text) => text.includes(secret)).length, 0)
})

files.run()
