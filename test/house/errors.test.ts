/**
 * The error codes: each is constructed somewhere, each can be provoked, and nothing else is thrown
 * at an application. A code that is added without a provocation does not compile here.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ERRORS, type ErrorCode, fence, HoldfastError, openDictionary } from 'holdfast'
import { createSimulation } from 'holdfast/simulation'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Handshake } from '../../actors/handshake.ts'
import { boards } from '../../actors/sync.ts'
import { addressOf, type Company, until, withCompany } from '../actors/company.ts'
import { openHost, REPLY_WORDS } from '../actors/host.ts'
import { parse, place, readSources, type Source, walk } from './sources.ts'

const errors = suite('errors')

const production = readSources('.ts').filter(({ path }) =>
  /^(index\.ts$|(actors|adapters|machines|transport)\/)/.test(path),
)
const errorsFile = 'machines/rules/errors.ts'
/** Where a plain error is thrown: at whoever wires, simulates or carries, not at applications. */
const plainErrors = /^(actors\/simulation(\/\w+)?|machines\/unprovided|transport\/[\w]+)\.ts$/

errors('every code says when it comes, what state is left and what to do', () => {
  for (const [code, { when, state, cure }] of Object.entries(ERRORS)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    for (const sentence of [when, state, cure]) assert.match(sentence, /^\S.*[.]$/s, code)
  }
})

errors('every code is used in production, and no other is constructed', () => {
  const literals = production
    .filter(({ path }) => path !== errorsFile)
    .flatMap((source) => codesIn(source))
  const used = new Set(literals.map(({ code }) => code))
  assert.equal(
    Object.keys(ERRORS).filter((code) => !used.has(code)),
    [],
  )
  const constructed = literals.filter(({ isConstructed }) => isConstructed)
  assert.ok(constructed.length > 30, `${constructed.length} are constructed`)
  assert.equal(
    constructed.filter(({ code }) => !(code in ERRORS)),
    [],
  )
})

errors('an application is thrown no plain error', () => {
  const thrown = production.flatMap((source) => plainErrorsIn(source))
  assert.ok(thrown.length > 5, 'the check is awake')
  assert.equal(
    thrown.filter((at) => !plainErrors.test(at.split(':')[0] as string)),
    [],
  )
})

/** A string that may be a code, and whether it is the first argument of `new HoldfastError`. */
interface Literal {
  readonly code: string
  readonly place: string
  readonly isConstructed: boolean
}

function codesIn(source: Source): Literal[] {
  const literals: Literal[] = []
  walk(parse(source), (node) => {
    if (!ts.isStringLiteral(node) || !/^[A-Z][A-Z_]+$/.test(node.text)) return
    const { parent } = node
    const isConstructed =
      ts.isNewExpression(parent) &&
      parent.expression.getText() === 'HoldfastError' &&
      parent.arguments?.[0] === node
    literals.push({ code: node.text, place: place(source, node), isConstructed })
  })
  return literals
}

function plainErrorsIn(source: Source): string[] {
  const found: string[] = []
  walk(parse(source), (node) => {
    if (!ts.isNewExpression(node)) return
    if (/^(Type|Range|Syntax)?Error$/.test(node.expression.getText()))
      found.push(place(source, node))
  })
  return found
}

/** Makes the error happen: throws it, rejects with it or returns it. */
type Provocation = (company: Company) => unknown

/** Alice holds the door, bob is connected and knows. */
async function held(company: Company) {
  const { alice, bob, address } = await company.two()
  alice.set('door', 'open')
  await until(() => bob.has('door'))
  return { alice, bob, address }
}

/** The first problem that is reported in the status, once there is one. */
async function reported(dictionary: { status: 'nominal' | readonly HoldfastError[] }) {
  await until(() => dictionary.status !== 'nominal')
  return (dictionary.status as readonly HoldfastError[])[0]
}

/** What a peer with these options hears when it dials alice. */
async function dialling(company: Company, options: Parameters<typeof openDictionary>[0]) {
  const alice = await company.listening()
  const bob = await company.alone({ peerId: 'bob', ...options })
  await bob.connect(addressOf(alice))
}

const provocations: Readonly<Record<ErrorCode, Provocation>> = {
  LEASE_HELD: async (company) => (await held(company)).bob.set('door', 'shut'),
  LEASE_LOST: async (company) => {
    const lease = await (await company.alone()).acquire('door')
    lease.release()
    lease.renew()
  },
  LEASE_NOT_HELD: async (company) => (await company.alone()).renew('door'),
  LEASE_REQUIRED: async (company) => {
    const alone = { safety: 'majority', voters: ['alice'] } as const
    ;(await company.alone(alone)).set('door', 'open')
  },
  SAFETY_FORBIDS: async (company) => {
    const alone = { safety: 'majority', voters: ['alice'] } as const
    await (await company.alone(alone)).acquire('door', { steal: true })
  },
  READ_ONLY: async (company) => (await company.alone({ readOnly: ['alice'] })).set('door', 1),
  NOT_PERMITTED: async (company) =>
    (await company.alone({ permissions: [{ prefix: 'd', ids: ['bob'] }] })).set('door', 1),
  LEASES_OFF: async (company) => (await company.alone({ leasing: false })).acquire('door'),
  NO_MAJORITY: async () => {
    const simulation = createSimulation({ seed: 3, peers: ['alice', 'bob', 'carol'] })
    await simulation.untilQuiet()
    simulation.peer('alice').set('door', 'open', { leaseMs: 1_000 })
    await simulation.untilQuiet()
    simulation.partition(['alice', 'bob'], ['carol'])
    await simulation.advance(60_000)
    try {
      simulation.peer('carol').set('door', 'shut')
    } finally {
      await simulation.close()
    }
  },
  KEY_MISSING: async (company) => (await company.alone()).pop('door'),
  KEY_INVALID: async (company) => (await company.alone()).set('\ud800', 1),
  VALUE_INVALID: async (company) => (await company.alone()).set('door', () => {}),
  VALUE_TOO_LARGE: async (company) => (await company.alone()).set('door', 'x'.repeat(1_000_000)),
  STORE_FULL: async (company) =>
    (await company.alone({ limits: { entriesMax: 1 } })).update({ door: 1, gate: 2 }),
  OPTION_UNKNOWN: () => openDictionary({ nework: 'lab' } as never),
  OPTION_INVALID: () => openDictionary({ leaseMs: 1 }),
  ADDRESS_INVALID: () => openDictionary({ listen: ['nowhere'] }),
  ADDRESS_EXPOSED: () => openDictionary({ listen: ['tcp://0.0.0.0:0'] }),
  SECRET_FILE_REFUSED: async (company) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    const identity = join(folder, 'identity')
    writeFileSync(identity, 'no key', { mode: 0o600 })
    try {
      await company.alone({ identity, peerId: undefined as never })
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  ADDRESS_IN_USE: async (company) =>
    openDictionary({ listen: [addressOf(await company.listening())] }),
  // An address for documentation, which no machine has.
  LISTEN_FAILED: () =>
    openDictionary({
      listen: ['tcp://192.0.2.1:4444'],
      insecure: 'plain-text-on-this-network',
    }),
  CONNECT_FAILED: async (company) => (await company.alone()).connect('tcp://127.0.0.1:1'),
  NETWORK_MISMATCH: (company) => dialling(company, { network: 'elsewhere' }),
  VERSION_MISMATCH: async (company) => {
    // All builds speak one version as yet, so the other side is played.
    const host = await openHost({ answer: (handshake) => handshake.refuse('version') })
    try {
      await (await company.alone()).connect(host.address)
    } finally {
      host.close()
    }
  },
  SECRET_MISMATCH: (company) => dialling(company, { secret: 'another one' }),
  PROOF_INVALID: async (company) => {
    const answer = (handshake: Handshake) => {
      return { ...handshake.reply(REPLY_WORDS), proof: new Uint8Array(32) }
    }
    const host = await openHost({ answer })
    try {
      await (await company.alone()).connect(host.address)
    } finally {
      host.close()
    }
  },
  LEASING_MISMATCH: (company) => dialling(company, { leasing: false }),
  SAFETY_MISMATCH: (company) => dialling(company, { safety: 'majority', voters: ['bob'] }),
  RULES_MISMATCH: (company) => dialling(company, { readOnly: ['carol'] }),
  PEER_MISMATCH: async (company) => {
    const alice = await company.listening()
    const bob = await company.alone({ peerId: 'bob' })
    await bob.connect(addressOf(alice), { peerId: 'carol' })
  },
  PEER_DENIED: async (company) => {
    const alice = await company.listening({ deny: ['bob'] })
    await (await company.alone({ peerId: 'bob' })).connect(addressOf(alice))
  },
  PEER_CLASH: (company) => dialling(company, { peerId: 'alice' }),
  SELF_CONNECTION: async (company) => {
    const alice = await company.listening()
    await alice.connect(addressOf(alice))
  },
  PEER_BUSY: async (company) => {
    const alice = await company.listening()
    const bob = await company.listening({ peerId: 'bob' })
    const carol = await company.alone({ peerId: 'carol', limits: { connectionsMax: 1 } })
    await carol.connect(addressOf(alice))
    await carol.connect(addressOf(bob))
  },
  PEER_UNKNOWN: async (company) => (await company.alone()).disconnect('bob'),
  TIMEOUT: async (company) => (await held(company)).bob.acquire('door', { waitMs: 20 }),
  ABORTED: async (company) =>
    (await company.alone()).acquire('door', { signal: AbortSignal.abort() }),
  TOKEN_STALE: () => {
    const guard = fence()
    guard.check(2)
    guard.check(1)
  },
  FENCE_FULL: () => {
    const guard = fence({ keysMax: 1 })
    for (const key of ['door', 'gate']) guard.check({ key, token: 1 })
  },
  HANDLER_FAILED: async (company) => {
    const alice = await company.alone()
    alice.on('update', () => {
      throw new Error('boom')
    })
    alice.set('door', 'open')
    return reported(alice)
  },
  INBOX_OVERFLOW: async (company) => {
    const { alice, bob } = await company.two({ limits: { inboxMax: 1 } })
    for (const payload of [1, 2]) alice.send(payload)
    return reported(bob)
  },
  ACTOR_FAILED: async (company) => {
    let store: unknown
    let error: unknown
    const alice = await company.alone({
      // Called while the store is at work, so that a write cannot be decided.
      inspect: ({ type, actorRef }) => {
        if (type !== '@xstate.snapshot' || actorRef !== store) return
        store = undefined
        try {
          alice.set('gate', 'open')
        } catch (caught) {
          error = caught
        }
      },
    })
    store = boards.get(alice.actor)?.store
    alice.set('door', 'open')
    assert.is(alice.has('gate'), false, 'what was refused is not done later')
    return error
  },
  CLOSED: async (company) => {
    const alice = await company.alone()
    await alice.close()
    alice.set('door', 'open')
  },
}

for (const [code, provoke] of Object.entries(provocations)) {
  errors(
    `${code} can be provoked, and says what to do`,
    withCompany(async (company) => {
      const act = async () => provoke(company)
      const error = await act().catch((caught: unknown) => caught)
      if (!(error instanceof HoldfastError)) throw error ?? new Error('Nothing was thrown.')
      assert.is(error.code, code, error.message)
      assert.is(error.name, 'HoldfastError')
      const { cure } = ERRORS[code as ErrorCode]
      assert.ok(error.message.endsWith(` ${cure}`), error.message)
      assert.match(error.message, /^\S.*[.!?] \S/s, 'a sentence of its own comes first')
    }),
  )
}

errors.run()
