/** What a member that lies can make its peers dial by what it tells of others. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ADDRESSES_MAX, TOLD_MAX } from '../../machines/rules/addressBook.ts'
import { forget } from '../../machines/rules/admission.ts'
import { DIAL_PACE, TELLER_PACE } from '../../machines/rules/dialling.ts'
import {
  EXCHANGE_PACE,
  EXCHANGERS_MAX,
  HEARSAY_LIMITS,
  keepPace,
  learnPeers,
  PEERS_TOLD_MAX,
  type Teller,
} from '../../machines/rules/hearsay.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import type { Place } from '../../machines/rules/place.ts'
import { createRoster, dialDue, type Roster, type RosterStep } from '../../machines/rules/roster.ts'

const hearsay = suite('rules/hearsay: what is believed of addresses')

const mallory = 'mallory' as PeerId
const random = () => 0.5

function start(maxOutgoing = 1_000): Roster {
  const self = { peerId: 'alice' } as never
  return createRoster({
    self,
    limits: { connectionsMax: 128, maxOutgoing, ...HEARSAY_LIMITS },
    addresses: [],
  })
}

interface Word extends Partial<Teller> {
  readonly now?: number
}

/** Somebody tells of a peer at each of these addresses. */
function hear(roster: Roster, addresses: readonly string[], word: Word = {}): RosterStep {
  const { teller = mallory, place = 'public', now = 0 } = word
  const peers = addresses.map((address) => ({ peerId: address as PeerId, addresses: [address] }))
  return learnPeers(roster, { peers, teller, place }, { now, random })
}

function limitsOf({ orders }: RosterStep): string[] {
  return orders.flatMap((order) => (order.type === 'limit.reached' ? [order.limit] : []))
}

/** Alice, who dials whatever is due, every tenth of a second. Nobody ever answers. */
class Alice {
  roster = start()
  now = 0
  readonly dialled: string[] = []
  readonly limits = new Set<string>()

  hear(addresses: readonly string[], word: Word = {}): void {
    this.#follow(hear(this.roster, addresses, { ...word, now: this.now }))
  }

  wait(ms: number): void {
    for (const until = this.now + ms; this.now < until; this.now += 100) {
      const step = dialDue(this.roster, this, () => `${this.now} ${this.dialled.length}`)
      this.#follow(step)
      for (const order of step.orders) {
        if (order.type !== 'connection.spawn') continue
        const { input } = order
        this.dialled.push(input.address)
        const end = { cause: 'wire', reason: 'timeout' } as const
        this.roster = forget(this.roster, { ...input, peerId: null, end }, this).roster
      }
    }
  }

  random = random

  #follow(step: RosterStep): void {
    this.roster = step.roster
    for (const limit of limitsOf(step)) this.limits.add(limit)
  }
}

let told = 0

/** As many new addresses as one message holds, all far away. */
function fresh(): string[] {
  return Array.from({ length: PEERS_TOLD_MAX }, () => {
    told += 1
    return `tcp://8.${told >> 16}.${(told >> 8) & 255}.${told & 255}:4444`
  })
}

const FORBIDDEN = [
  ...['tcp://169.254.169.254:8080', 'tcp://127.0.0.1:4444', 'tcp://10.0.0.1:4444'],
  ...['tcp://8.8.8.8:22', 'tcp://224.0.0.1:4444', 'tcp://0.0.0.0:4444', 'tcp://0x7f000001:4444'],
]

hearsay('who is far away cannot make anybody dial what is near, or a service', () => {
  const step = hear(start(), [...FORBIDDEN, 'tcp://8.8.8.8:4444'])
  assert.equal([...step.roster.book.entries.keys()], ['tcp://8.8.8.8:4444'])
  assert.equal(limitsOf(step), Array(FORBIDDEN.length).fill('exchange.place'))
})

for (const [place, believed] of [
  ['loopback', ['tcp://127.0.0.1:4444', 'tcp://10.0.0.1:4444']],
  ['private', ['tcp://10.0.0.1:4444']],
  ['public', []],
] as const satisfies readonly (readonly [Place, readonly string[]])[]) {
  hearsay(`of one at a ${place} address ${believed.length} of these are believed`, () => {
    const { roster } = hear(start(), FORBIDDEN, { place })
    assert.equal([...roster.book.entries.keys()], believed)
  })
}

hearsay(
  'of the addresses of one that tells without end a part is noted, and few are dialled',
  () => {
    const alice = new Alice()
    for (let second = 0; second < 200; second++) {
      for (let times = 0; times < 4; times++) alice.hear(fresh())
      assert.ok(alice.roster.book.entries.size <= TOLD_MAX)
      alice.wait(1_000)
    }
    const { atOnce, perSecond } = TELLER_PACE
    const most = atOnce + 200 * perSecond
    assert.ok(alice.dialled.length <= most, `${alice.dialled.length} dials`)
    assert.ok(alice.dialled.length > most / 2, `only ${alice.dialled.length} dials`)
    assert.equal([...alice.limits].sort(), ['dials', 'exchange.addresses', 'exchange.pace'])
  },
)

hearsay('a hundred that tell without end make nobody dial more than once a second', () => {
  const alice = new Alice()
  for (let second = 0; second < 120; second++) {
    const teller = `mallory${second % 100}` as PeerId
    alice.hear(fresh(), { teller })
    assert.ok(alice.roster.book.entries.size <= ADDRESSES_MAX)
    alice.wait(1_000)
  }
  const most = DIAL_PACE.atOnce + 120 * DIAL_PACE.perSecond
  assert.ok(alice.dialled.length <= most, `${alice.dialled.length} dials`)
})

hearsay('among all of it an honest word is heard soon', () => {
  const alice = new Alice()
  for (let second = 0; second < 100; second++) {
    if (second < 90) alice.hear(fresh())
    if (second === 60) alice.hear(['tcp://9.9.9.9:4444'], { teller: 'bob' as PeerId })
    alice.wait(1_000)
    if (second === 62) assert.ok(alice.dialled.includes('tcp://9.9.9.9:4444'))
  }
})

hearsay('where a peer was found once it is dialled as soon as it may be back', () => {
  let { roster } = hear(start(), fresh())
  const [address] = roster.book.entries.keys()
  const entries = new Map(roster.book.entries)
  for (const [each, entry] of entries) entries.set(each, { ...entry, isProven: each === address })
  const paces = new Map([[null, { left: 0, at: 1_000 }]])
  roster = { ...roster, book: { entries, paces } }
  const { orders } = dialDue(roster, { now: 1_000, random }, () => 'handle')
  assert.equal(
    orders.flatMap((order) => (order.type === 'connection.spawn' ? [order.input.address] : [])),
    [address],
  )
  assert.ok(orders.some((order) => order.type === 'limit.reached' && order.limit === 'dials'))
})

hearsay('whoever asks or tells too often is not listened to, and is again later', () => {
  let roster = start()
  const ask = (now: number) => {
    const step = keepPace(roster, mallory, { now })
    roster = step.roster
    return limitsOf(step)
  }
  for (let times = 0; times < EXCHANGE_PACE.atOnce; times++) assert.equal(ask(0), [])
  assert.equal(ask(0), ['exchange.pace'])
  assert.equal(ask(9_000), ['exchange.pace'])
  assert.equal(ask(10_000), [])
  assert.equal(ask(10_000), ['exchange.pace'])
})

hearsay('of those that asked or told so many are remembered, and no more', () => {
  let roster = start()
  for (let each = 0; each < 2 * EXCHANGERS_MAX; each++) {
    roster = keepPace(roster, `guest${each}` as PeerId, { now: 0 }).roster
    assert.ok(roster.exchanges.size <= EXCHANGERS_MAX)
  }
})

hearsay.run()
