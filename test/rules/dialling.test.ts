import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ADDRESS_CHARS_MAX,
  ADDRESSES_MAX,
  type AddressBook,
  type AddressSource,
  EMPTY_ADDRESS_BOOK,
  learnAddresses,
  validAddress,
} from '../../machines/rules/addressBook.ts'
import { backoffMs } from '../../machines/rules/backoff.ts'
import {
  type DialOutcome,
  dueAddresses,
  FAILURES_MAX,
  nextDueAt,
  noteOutcome,
  STABLE_MS,
} from '../../machines/rules/dialling.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { chanceOf, seedOfRun } from './chance.ts'

const alice = 'alice' as PeerId
const bob = 'bob' as PeerId
const harbour = 'tcp://10.0.0.1:4444'
const mill = 'tcp://10.0.0.2:4444'
const tower = 'tcp://10.0.0.3:4444'
/** The dice always fall in the middle. */
const random = () => 0.5
const nobody: ReadonlySet<PeerId> = new Set()
const calm = { connectedPeers: nobody, inReach: nobody, outgoingCount: 0, maxOutgoing: 4 }

const dialling = suite('dialling')

interface Heard {
  readonly source?: AddressSource
  readonly peerId?: PeerId
  readonly now?: number
}

function learn(book: AddressBook, address: string, heard: Heard = {}): AddressBook {
  const { source = 'join', peerId, now = 0 } = heard
  return learnAddresses(book, { addresses: [address], source, peerId }, { now, random })
}

function note(book: AddressBook, outcome: DialOutcome, now = 0): AddressBook {
  return noteOutcome(book, outcome, { now, random })
}

function fail(book: AddressBook, address: string, reason = 'refused', now = 0): AddressBook {
  const under = note(book, { outcome: 'dialling', address }, now)
  return note(under, { outcome: 'failed', address, reason }, now)
}

/** Everything that may be dialled, however late. */
function due(book: AddressBook, situation: Partial<typeof calm> = {}): string[] {
  const now = Number.MAX_SAFE_INTEGER
  return dueAddresses(book, { ...calm, ...situation, now }).map((dial) => dial.address)
}

for (const [attempt, least, most] of [
  [0, 0, 250],
  [1, 100, 200],
  [2, 100, 400],
  [5, 100, 3_200],
  [8, 100, 25_600],
  [9, 100, 30_000],
  [5_000, 100, 30_000],
] as const) {
  dialling(`attempt ${attempt} waits ${least} to ${most} ms`, () => {
    assert.is(backoffMs({ attempt, random: () => 0 }), least)
    assert.is(backoffMs({ attempt, random: () => 0.999_999_9 }), most)
    assert.is(backoffMs({ attempt, random }), Math.round((least + most) / 2))
  })
}

for (const [text, valid] of [
  ['tcp://127.0.0.1:4444', true],
  ['wss://[::1]:443/path?x=1', true],
  ['sim://alice', true],
  ['tcp://', false],
  ['TCP://host:1', false],
  ['host:4444', false],
  ['tcp://two words', false],
  ['tcp://münchen:1', false],
  [`tcp://${'x'.repeat(ADDRESS_CHARS_MAX - 6)}`, true],
  [`tcp://${'x'.repeat(ADDRESS_CHARS_MAX - 5)}`, false],
  [7, false],
] as const) {
  dialling(`an address is ${valid ? 'accepted' : 'refused'}: ${String(text).slice(0, 30)}`, () => {
    assert.is(validAddress(text), valid)
  })
}

dialling('a new address is due after a short wait, and only once at a time', () => {
  const book = learn(EMPTY_ADDRESS_BOOK, harbour, { now: 1_000 })
  assert.is(nextDueAt(book, calm), 1_125)
  assert.equal(dueAddresses(book, { ...calm, now: 1_124 }), [])
  assert.equal(dueAddresses(book, { ...calm, now: 1_125 }), [{ address: harbour, expects: null }])
  const under = note(book, { outcome: 'dialling', address: harbour })
  assert.equal(due(under), [])
  assert.is(nextDueAt(under, calm), null)
  assert.is(book.entries.get(harbour)?.state, 'idle', 'the older book stays as it was')
})

dialling('the wait grows with every failure', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour)
  const waits: (number | null)[] = []
  for (let i = 0; i < 4; i++) {
    book = fail(book, harbour)
    waits.push(nextDueAt(book, calm))
  }
  assert.equal(waits, [150, 250, 450, 850])
})

dialling('a connected peer is dialled at none of its addresses, and after its loss at one', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'hello', peerId: alice })
  book = learn(book, mill, { source: 'hello', peerId: alice })
  const connectedPeers = new Set([alice])
  assert.equal(due(book, { connectedPeers }), [])
  assert.is(nextDueAt(book, { ...calm, connectedPeers }), null)
  assert.equal(due(book), [harbour])
  const under = note(book, { outcome: 'dialling', address: harbour })
  assert.equal(due(under), [])
  assert.equal(due(fail(under, harbour)), [mill], 'the other one is due earlier now')
})

dialling('a learned address names whom to expect, a join address does not', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'exchange', peerId: alice })
  book = learn(book, mill, { source: 'join', peerId: bob })
  assert.equal(dueAddresses(book, { ...calm, now: 1_000 }), [
    { address: mill, expects: null },
    { address: harbour, expects: alice },
  ])
})

dialling(
  'learned addresses are dialled only while connections are wanted, join ones always',
  () => {
    let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'exchange', peerId: alice })
    book = learn(book, mill, { source: 'hello', peerId: bob })
    const full = { outgoingCount: 4, maxOutgoing: 4 }
    assert.equal(due(book, full), [])
    assert.is(nextDueAt(book, { ...calm, ...full }), null)
    assert.is(due(book, { outgoingCount: 3 }).length, 1)
    book = learn(book, tower)
    assert.equal(due(book, full), [tower])
    assert.equal(due(book, { outgoingCount: 3 }), [tower], 'a join address takes the last place')
  },
)

dialling('the peer itself was dialled: never again, not even at a join address', () => {
  let book = fail(learn(EMPTY_ADDRESS_BOOK, harbour), harbour, 'self')
  assert.equal(due(book), [])
  book = learn(book, harbour, { source: 'exchange', peerId: alice })
  assert.equal(due(book), [], 'nor does hearsay bring it back')
})

dialling('the source of higher rank is remembered', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'exchange' })
  for (const [source, kept] of [
    ['hello', 'hello'],
    ['exchange', 'hello'],
    ['join', 'join'],
    ['hello', 'join'],
  ] as const) {
    book = learn(book, harbour, { source })
    assert.is(book.entries.get(harbour)?.source, kept)
  }
})

for (const source of ['exchange', 'hello'] as const) {
  dialling(`an address from ${source} is forgotten after too many failures in a row`, () => {
    let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source })
    for (let i = 1; i < FAILURES_MAX[source]; i++) book = fail(book, harbour)
    assert.equal(due(book), [harbour])
    assert.is(fail(book, harbour).entries.size, 0)
  })
}

const HOPELESS = [
  'network',
  'version',
  'leasing',
  'safety',
  'rules',
  'id-clash',
  'closing',
  'unsupported',
]

for (const reason of HOPELESS) {
  dialling(`refused for ${reason}: a learned address is forgotten, a join address waits`, () => {
    const learned = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'hello', peerId: alice })
    assert.is(fail(learned, harbour, reason).entries.size, 0)
    assert.equal(due(fail(learn(EMPTY_ADDRESS_BOOK, harbour), harbour, reason)), [harbour])
  })
}

dialling('a join address is dialled for ever', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour)
  for (let i = 0; i < 1_000; i++) book = fail(book, harbour)
  assert.is(nextDueAt(book, calm), 15_050)
})

dialling('a peer that left is forgotten, but for its join address', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'join', peerId: alice })
  book = learn(book, mill, { source: 'hello', peerId: alice })
  book = learn(book, tower, { source: 'hello', peerId: bob })
  book = note(book, { outcome: 'left', peerId: alice })
  assert.equal([...book.entries.keys()], [harbour, tower])
  assert.is(book.entries.get(harbour)?.peerId, null)
})

dialling('a peer that restarted with another id takes over the address', () => {
  const old = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'hello', peerId: alice })
  const answered = note(old, { outcome: 'connected', address: harbour, peerId: bob })
  assert.equal(due(answered, { connectedPeers: new Set([bob]) }), [])
  assert.equal(due(answered, { connectedPeers: new Set([alice]) }), [harbour])
  const said = learn(old, harbour, { source: 'hello', peerId: bob })
  assert.is(said.entries.get(harbour)?.peerId, bob)
  const mismatched = fail(old, harbour, 'id-mismatch')
  assert.equal(dueAddresses(mismatched, { ...calm, now: 1_000 }), [
    { address: harbour, expects: null },
  ])
})

dialling('hearsay moves no address, and nothing moves one where a connection stands', () => {
  const old = learn(EMPTY_ADDRESS_BOOK, harbour, { source: 'hello', peerId: alice })
  const heard = learn(old, harbour, { source: 'exchange', peerId: bob })
  assert.is(heard.entries.get(harbour)?.peerId, alice)
  const connected = note(old, { outcome: 'connected', address: harbour, peerId: alice })
  const said = learn(connected, harbour, { source: 'hello', peerId: bob })
  assert.is(said.entries.get(harbour)?.peerId, alice)
})

dialling('after a loss the wait is short, unless the connection did not last', () => {
  const book = fail(learn(EMPTY_ADDRESS_BOOK, harbour), harbour)
  const connected = note(book, { outcome: 'connected', address: harbour, peerId: alice }, 1_000)
  const lost: DialOutcome = { outcome: 'lost', peerId: alice }
  assert.is(nextDueAt(note(connected, lost, 1_000 + STABLE_MS), calm), 1_000 + STABLE_MS + 125)
  assert.is(nextDueAt(note(connected, lost, 1_001), calm), 1_001 + 250)
})

dialling('a full book keeps join addresses and makes room by rank, the most failed first', () => {
  let book = learn(EMPTY_ADDRESS_BOOK, harbour)
  for (let i = 1; i < ADDRESSES_MAX; i++) {
    book = learn(book, `tcp://10.1.0.${i}:1`, { source: 'exchange' })
  }
  assert.is(learn(book, mill, { source: 'exchange' }).entries.has(mill), false)
  book = fail(fail(book, 'tcp://10.1.0.7:1'), 'tcp://10.1.0.7:1')
  book = fail(fail(book, harbour), harbour)
  book = learn(fail(book, 'tcp://10.1.0.9:1'), mill, { source: 'exchange' })
  assert.is(book.entries.has('tcp://10.1.0.7:1'), false)
  assert.ok(book.entries.has(mill) && book.entries.has(harbour))
  book = learn(book, tower, { source: 'hello' })
  assert.is(book.entries.has('tcp://10.1.0.9:1'), false)
  assert.ok(book.entries.has(tower))
  assert.is(book.entries.size, ADDRESSES_MAX)
})

dialling('invalid addresses and outcomes of unknown ones change nothing', () => {
  const book = learn(EMPTY_ADDRESS_BOOK, 'nowhere')
  assert.is(book.entries.size, 0)
  assert.is(fail(book, harbour).entries.size, 0)
})

dialling('by chance: never two dials to one peer, never to a connected one, never too many', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const chance = chanceOf(seed)
  const pick = <Item>(list: readonly Item[]) => list[Math.floor(chance() * list.length)] as Item
  const peers = [alice, bob, 'carol' as PeerId]
  const addresses = Array.from({ length: 8 }, (_, i) => `tcp://10.0.0.${i}:1`)
  let book = EMPTY_ADDRESS_BOOK
  for (let now = 0; now < 200_000; now += 100) {
    const moment = { now, random: chance }
    const [address, peerId] = [pick(addresses), pick(peers)]
    const source = pick(['join', 'hello', 'exchange', 'exchange'] as const)
    if (chance() < 0.3)
      book = learnAddresses(book, { addresses: [address], source, peerId }, moment)
    const reason = pick(['refused', 'busy', 'id-mismatch', 'closing'])
    const outcomes: DialOutcome[] = [
      { outcome: 'connected', address, peerId },
      { outcome: 'failed', address, reason },
      { outcome: 'lost', peerId },
    ]
    book = noteOutcome(book, pick(outcomes), moment)
    const connectedPeers = new Set(chance() < 0.5 ? [pick(peers)] : [])
    const outgoingCount = pick([0, 1, 2, 3])
    const situation = { connectedPeers, inReach: nobody, outgoingCount, maxOutgoing: 3 }
    const dials = dueAddresses(book, { ...situation, now })
    const entries = dials.map((dial) => book.entries.get(dial.address))
    const found = entries.map((entry) => entry?.peerId).filter((each) => each)
    assert.is(new Set(found).size, found.length)
    assert.not(found.some((each) => each && connectedPeers.has(each)))
    assert.ok(entries.every((entry) => entry?.state === 'idle' && entry.nextDialAt <= now))
    const learned = entries.filter((entry) => entry?.source !== 'join').length
    assert.ok(learned === 0 || situation.outgoingCount + dials.length <= situation.maxOutgoing)
    const next = nextDueAt(book, situation)
    assert.is(dials.length > 0, next !== null && next <= now)
    for (const dial of dials) book = noteOutcome(book, { outcome: 'dialling', ...dial }, moment)
  }
})

dialling.run()
