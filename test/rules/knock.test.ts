import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  HOSTS_MAX,
  hostOf,
  judgeKnock,
  KNOCK_LIMITS,
  type KnockLimits,
  OUTGOING_RESERVED,
  type Paces,
} from '../../machines/rules/knock.ts'
import { spend, waitOf } from '../../machines/rules/pace.ts'
import type { Handle } from '../../machines/rules/peer.ts'
import { accept, createRoster, type Roster } from '../../machines/rules/roster.ts'

const knocks = suite('rules/knock: who may begin a handshake')

/** The door of one peer: knocks one after the other, and who is there now. */
class Door {
  roster: Roster = createRoster({
    self: {} as never,
    limits: { connectionsMax: 128, maxOutgoing: 8, learnedPortMin: 1_024 },
    addresses: [],
  })
  readonly paces: Paces = new Map()
  readonly limits: KnockLimits
  now = 0

  constructor(limits: Partial<KnockLimits> = {}) {
    this.limits = { ...KNOCK_LIMITS, ...limits }
  }

  /** What came of it, in one word: `in`, the limit it was refused for, or whom it replaced. */
  knock(name: string, address: string): string {
    const { now, limits, paces } = this
    const knock = judgeKnock(this.roster, { address, now, limits }, paces)
    if (knock.verdict === 'refused') return knock.limit
    if (knock.cut !== null) this.leave(knock.cut)
    this.roster = accept(this.roster, { handle: name as Handle, address }).roster
    return knock.cut === null ? 'in' : `${knock.limit} for ${knock.cut}`
  }

  leave(name: string): void {
    const members = new Map(this.roster.members)
    members.delete(name as Handle)
    this.roster = { ...this.roster, members }
  }

  authenticate(name: string): void {
    const member = this.roster.members.get(name as Handle)
    assert.ok(member)
    const known = { ...member, isAuthenticated: true }
    const members = new Map(this.roster.members).set(name as Handle, known)
    this.roster = { ...this.roster, members }
  }
}

knocks('one address may begin eight at once, and then five in a second', () => {
  const door = new Door()
  for (let at = 0; at < 8; at++) assert.is(door.knock(`${at}`, 'tcp://10.0.0.1:5'), 'in')
  assert.is(door.knock('8', 'tcp://10.0.0.1:6'), 'handshakes.pace')
  assert.is(door.knock('9', 'tcp://10.0.0.2:6'), 'in', 'another address has its own pace')
  let isIn = 0
  for (door.now = 1; door.now <= 10_000; door.now++) {
    for (const name of door.roster.members.keys()) door.leave(name)
    if (door.knock(`late ${door.now}`, 'tcp://10.0.0.1:7') === 'in') isIn++
  }
  assert.is(isIn, 50)
})

knocks('of one address eight may be at the door; the ninth takes the place of the oldest', () => {
  const door = new Door({ handshakesPerSecondMax: 1_000 })
  for (let at = 0; at < 8; at++) door.knock(`${at}`, 'tcp://10.0.0.1:5')
  door.now = 1_000
  assert.is(door.knock('8', 'tcp://10.0.0.1:5'), 'handshakes.address for 0')
  door.authenticate('1')
  assert.is(door.knock('9', 'tcp://10.0.0.1:5'), 'in', 'who is known is at the door no more')
})

knocks('sixty-four may be at the door; the oldest of the most crowded address gives way', () => {
  const door = new Door({ handshakesPerSecondMax: 1_000 })
  for (let host = 1; host <= 8; host++) {
    for (let at = 0; at < 7; at++) door.knock(`${host}-${at}`, `tcp://10.0.0.${host}:5`)
  }
  for (let at = 0; at < 8; at++) door.knock(`crowd-${at}`, 'tcp://10.0.1.1:5')
  assert.is(door.roster.members.size, 64)
  assert.is(door.knock('bob', 'tcp://10.0.2.1:5'), 'handshakes for crowd-0')
})

knocks('a full house turns newcomers away, but not for those who are not known yet', () => {
  const door = new Door({ connectionsMax: 3 })
  for (const name of ['a', 'b', 'c']) door.knock(name, `tcp://10.0.0.1:5`)
  assert.is(door.knock('d', 'tcp://10.0.0.2:5'), 'connections for a')
  for (const name of ['b', 'c', 'd']) door.authenticate(name)
  assert.is(door.knock('e', 'tcp://10.0.0.3:5'), 'connections')
})

knocks('many peers of this machine may start together', () => {
  for (const host of ['127.0.0.1', '[::1]']) {
    const door = new Door()
    for (let at = 0; at < 60; at++) assert.is(door.knock(`${at}`, `tcp://${host}:5`), 'in')
  }
})

knocks('the hosts whose pace is remembered are few, and the rested are forgotten', () => {
  const door = new Door({ connectionsMax: 1 })
  const address = (host: number) => `tcp://10.${host >> 16}.${(host >> 8) & 255}.${host & 255}:5`
  for (let host = 0; host < 3 * HOSTS_MAX; host++) door.knock('x', address(host))
  assert.is(door.paces.size, HOSTS_MAX)
  door.now = 60_000
  door.knock('x', address(1))
  assert.is(door.paces.size, 1)
})

knocks('an address without its port is one host; of IPv6 the network half is', () => {
  assert.is(hostOf('tcp://10.0.0.1:4444'), '10.0.0.1')
  assert.is(hostOf('sim://alice:7'), 'alice')
  assert.is(hostOf('tcp://[::1]:5'), '::1')
  assert.is(hostOf('tcp://[2001:db8::7]:5'), hostOf('tcp://[2001:db8:0:0:ffff::9]:6'))
  assert.is.not(hostOf('tcp://[2001:db8:1::7]:5'), hostOf('tcp://[2001:db8:2::7]:5'))
  assert.is(hostOf('tcp://[fe80::1%eth0]:5'), 'fe80:0:0:0')
})

knocks('a pace says how long to wait', () => {
  const rule = { atOnce: 2, perSecond: 4 }
  const first = spend(undefined, rule, 0)
  const second = spend(first, rule, 0)
  assert.is(spend(second, rule, 0), undefined)
  assert.is(waitOf(second, rule, 0), 250)
  assert.is(waitOf(second, rule, 100), 150)
  assert.ok(spend(second, rule, 250))
  assert.is(waitOf(undefined, rule, 0), 0)
})

knocks('who comes by itself leaves room for those that this peer dials', () => {
  const door = new Door({ connectionsMax: 40, handshakesMax: 1_000 })
  const comes = (each: number) => {
    const name = `${each}`
    const said = door.knock(name, `tcp://10.0.${each}.1:5`)
    if (said === 'in') door.authenticate(name)
    return said
  }
  for (let each = 0; each < 40 - OUTGOING_RESERVED; each++) assert.is(comes(each), 'in')
  assert.is(comes(99), 'connections')
  const few = new Door({ connectionsMax: 1 })
  assert.is(few.knock('only', 'tcp://10.0.0.1:5'), 'in')
})

knocks('one address has no more than half of all connections, unless it is this machine', () => {
  const door = new Door({ connectionsMax: 20 })
  const comes = (each: number, host: string) => {
    door.now += 1_000
    const said = door.knock(`${host}${each}`, `tcp://${host}:5`)
    if (said === 'in') door.authenticate(`${host}${each}`)
    return said
  }
  for (let each = 0; each < 10; each++) assert.is(comes(each, '10.0.0.1'), 'in')
  assert.is(comes(10, '10.0.0.1'), 'connections.address')
  assert.is(comes(0, '10.0.0.2'), 'in')
  const home = new Door({ connectionsMax: 20 })
  for (let each = 0; each < 15; each++) {
    home.now += 1_000
    assert.is(home.knock(`${each}`, 'tcp://127.0.0.1:5'), 'in')
  }
})

knocks.run()
