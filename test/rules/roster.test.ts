/** What the mesh remembers of peers that come and go. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { changeGuests, forget, hearHello, PAIRS_MAX } from '../../machines/rules/admission.ts'
import { guestListOf } from '../../machines/rules/guests.ts'
import { learnPeers } from '../../machines/rules/hearsay.ts'
import type { Hello } from '../../machines/rules/message.ts'
import type { Handle, PeerId, RunId } from '../../machines/rules/peer.ts'
import { accept, createRoster, learn, type Roster } from '../../machines/rules/roster.ts'

const rosters = suite('rules/roster')
const bytesOf = (count: number) => new Uint8Array(count)
const bob = 'bob' as PeerId
const moment = { now: 0, random: () => 0.5 }

function start(): Roster {
  const ours = {
    network: 'lab',
    leasing: true,
    safety: '',
    rules: 'channel',
    measures: '',
    peerId: bob,
  }
  const self = { ...ours, run: '1' as RunId, versions: [1], capabilities: [] }
  const limits = { connectionsMax: 128, maxOutgoing: 8, learnedPortMin: 1_024 }
  return createRoster({ self, limits, addresses: [] })
}

/** Somebody of this name dials and says hello. */
function visit(roster: Roster, name: string): Roster {
  const handle = name as Handle
  const hello: Hello = {
    ...{ kind: 'hello', network: 'lab', leasing: true, safety: '', rules: 'channel', measures: '' },
    ...{ peerId: name as PeerId, run: '1' as RunId, capabilities: [], addresses: [] },
    ...{ nonce: bytesOf(32), publicKey: bytesOf(32), versions: [1], expects: null },
    tag: bytesOf(8),
  }
  const proof = { verdict: 'proven', connection: null } as const
  const dialled = accept(roster, { handle, address: 'tcp://127.0.0.1:1' }).roster
  return hearHello(dialled, { type: 'hello.received', handle, hello, proof }).roster
}

function leave(roster: Roster, name: string): Roster {
  const end = { cause: 'wire', reason: 'closed' } as never
  const output = { handle: name as Handle, peerId: null, address: 'tcp://127.0.0.1:1', end }
  return forget(roster, output, moment).roster
}

rosters('of peers that came and went so many are remembered, and no more', () => {
  let roster = start()
  for (let each = 0; each < 3 * PAIRS_MAX; each++) {
    roster = leave(visit(roster, `guest${each}`), `guest${each}`)
    assert.ok(roster.pairs.size <= PAIRS_MAX)
  }
})

rosters('whoever is there is not forgotten, and no select number comes twice', () => {
  let roster = visit(start(), 'alice')
  const pair = { ...(roster.pairs.get('alice' as PeerId) as object), lastSelect: 0 }
  roster = leave(visit(roster, 'al'), 'al')
  const gone = { ...(roster.pairs.get('al' as PeerId) as object), lastSelect: 17 } as never
  roster = { ...roster, pairs: new Map(roster.pairs).set('al' as PeerId, gone) }
  for (let each = 0; each < PAIRS_MAX; each++) {
    roster = leave(visit(roster, `guest${each}`), `guest${each}`)
  }
  assert.equal(roster.pairs.get('alice' as PeerId), pair)
  assert.not(roster.pairs.has('al' as PeerId))
  assert.is(visit(roster, 'al').pairs.get('al' as PeerId)?.lastSelect, 17)
})

rosters('an address of somebody who is not admitted is neither learned nor kept', () => {
  const at = (name: string) => ({
    peerId: name as PeerId,
    addresses: [`tcp://${name}:4444`],
  })
  const drawn = { teller: null, place: 'public' } as const
  const known = (roster: Roster) => [...roster.book.entries.keys()]
  const joined = learn(start(), { addresses: ['tcp://home:4444'], source: 'join' }, moment).roster
  const open = learnPeers(joined, { ...drawn, peers: [at('alice'), at('carol')] }, moment).roster
  assert.equal(known(open), ['tcp://home:4444', 'tcp://alice:4444', 'tcp://carol:4444'])
  const closed = changeGuests(open, guestListOf({ deny: ['carol'] })).roster
  assert.equal(known(closed), ['tcp://home:4444', 'tcp://alice:4444'])
  const told = learnPeers(closed, { ...drawn, peers: [at('carol'), at('dave')] }, moment).roster
  assert.equal(known(told), ['tcp://home:4444', 'tcp://alice:4444', 'tcp://dave:4444'])
})

rosters.run()
