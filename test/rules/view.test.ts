import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PeerId } from '../../machines/rules/peer.ts'
import {
  ASKED_DEGREE,
  changeNeighbour,
  createView,
  hearView,
  holdAnchors,
  isAnchored,
  NEWCOMER_MS,
  surplus,
  VIEW_MAX,
  VIEW_MIN,
  type View,
} from '../../machines/rules/view.ts'

const id = (name: string) => name as PeerId

/** The view of a peer that is connected to these. */
function viewOf(name: string, neighbours: readonly string[]): View {
  return neighbours.reduce(
    (view, each) => changeNeighbour(view, { peerId: id(each), isNeighbour: true, now: 0 }),
    createView(id(name)),
  )
}

/** The neighbours tell their views. */
function told(view: View, views: readonly View[]): View {
  return views.reduce((known, { self, digest, neighbours }) => {
    return hearView(known, { peerId: self, digest, degree: neighbours.size, now: 0 })
  }, view)
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `peer${index}`)

/** A view of so many neighbours that have these many themselves. */
function degrees(counts: readonly number[]): View {
  const view = viewOf('alice', names(counts.length))
  return counts.reduce((known, degree, index) => {
    return hearView(known, { peerId: id(`peer${index}`), digest: '0'.repeat(16), degree, now: 0 })
  }, view)
}

const nobody: ReadonlySet<PeerId> = new Set()
const large = { others: 100, kept: nobody, random: () => 0, now: NEWCOMER_MS }

const view = suite('rules/view')

view('alone one is a clique, and with neighbours when all of them say so', () => {
  assert.ok(createView(id('alice')).isClique)
  const [alice, bob, carol] = [
    viewOf('alice', ['bob', 'carol']),
    viewOf('bob', ['carol', 'alice']),
    viewOf('carol', ['alice', 'bob']),
  ] as const
  assert.not(alice.isClique)
  assert.not(told(alice, [bob]).isClique)
  assert.ok(told(alice, [bob, carol]).isClique)
})

view('a neighbour with one more neighbour, or one fewer, makes it none', () => {
  const alice = viewOf('alice', ['bob', 'carol'])
  const bob = viewOf('bob', ['alice', 'carol'])
  assert.not(told(alice, [bob, viewOf('carol', ['alice', 'bob', 'dave'])]).isClique)
  assert.not(told(alice, [bob, viewOf('carol', ['alice'])]).isClique)
})

view('a neighbour that comes or goes makes it none until all have told again', () => {
  const [alice, bob] = [viewOf('alice', ['bob']), viewOf('bob', ['alice'])] as const
  const both = told(alice, [bob])
  assert.ok(both.isClique)
  const three = changeNeighbour(both, { peerId: id('carol'), isNeighbour: true, now: 0 })
  assert.not(three.isClique)
  assert.ok(changeNeighbour(three, { peerId: id('carol'), isNeighbour: false, now: 0 }).isClique)
})

view('a stranger has no say', () => {
  const alice = viewOf('alice', ['bob'])
  assert.is(told(alice, [viewOf('dave', ['alice'])]), alice)
})

view('with one neighbour too many the one with most neighbours goes', () => {
  const counts = [7, 9, 7, 8, 9, 7, 7, 7, 7]
  assert.is(counts.length, VIEW_MAX + 1)
  assert.is(surplus(degrees(counts), large), 'peer1')
  assert.is(surplus(degrees(counts), { ...large, random: () => 0.99 }), 'peer4')
  assert.is(surplus(degrees(counts.slice(1)), large), null, 'eight are not too many')
})

view('nobody goes who would be left with too few, or whom the application asked for', () => {
  const few = Array.from({ length: 20 }, () => VIEW_MIN)
  assert.is(surplus(degrees(few), large), null)
  const kept = new Set([id('peer3')])
  const one = few.map((count, index) => (index === 3 ? count + 9 : count))
  assert.is(surplus(degrees(one), large), 'peer3')
  assert.is(surplus(degrees(one), { ...large, kept }), null)
})

view('nobody goes who has just come, and may have been asked for', () => {
  const counts = Array.from({ length: 9 }, () => 9)
  assert.is(surplus(degrees(counts), { ...large, now: NEWCOMER_MS - 1 }), null)
  assert.is(surplus(degrees(counts), large), 'peer0')
})

view('up to eight others everybody stays connected to everybody', () => {
  const counts = Array.from({ length: 9 }, () => 9)
  assert.is(surplus(degrees(counts), { ...large, others: VIEW_MAX }), null)
  assert.is(surplus(degrees(counts), { ...large, others: VIEW_MAX + 1 }), 'peer0')
})

view('of a hundred that come by themselves none takes the place of an anchor', () => {
  const chosen = ['bob', 'carol', 'dave']
  let alice = chosen.reduce(
    (known, each) => {
      const came = { peerId: id(each), isNeighbour: true, isChosen: true, now: 0 }
      return hearView(changeNeighbour(known, came), { ...told0(each), degree: 3 })
    },
    createView(id('alice')),
  )
  const now = 2 * NEWCOMER_MS
  for (const name of names(100)) {
    alice = changeNeighbour(alice, { peerId: id(name), isNeighbour: true, now })
    alice = hearView(alice, { ...told0(name), degree: ASKED_DEGREE, now })
  }
  // Everybody is besieged, and the honest say so.
  for (const each of chosen) alice = hearView(alice, { ...told0(each), degree: 103, now })
  for (let times = 0; times < 200; times++) {
    const peerId = surplus(alice, { ...large, now: 2 * now })
    if (peerId) alice = changeNeighbour(alice, { peerId, isNeighbour: false, now: 2 * now })
  }
  assert.equal([...alice.neighbours.keys()].slice(0, 3), ['bob', 'carol', 'peer0'])
  assert.ok(isAnchored(alice))
})

view(
  'who has many neighbours when it is met is no anchor, and one that came by itself is none',
  () => {
    let alice = createView(id('alice'))
    for (const [each, isChosen, degree] of [
      ['hub', true, VIEW_MAX + 1],
      ['bob', false, 2],
      ['carol', true, 2],
    ] as const) {
      alice = changeNeighbour(alice, { peerId: id(each), isNeighbour: true, isChosen, now: 0 })
      alice = hearView(alice, { ...told0(each), degree })
    }
    const anchors = (now: number) => {
      const held = [...holdAnchors(alice, now).neighbours].filter(([, { isAnchor }]) => isAnchor)
      return held.map(([peerId]) => peerId)
    }
    assert.equal(anchors(NEWCOMER_MS - 1), [])
    assert.equal(anchors(NEWCOMER_MS), ['carol'])
  },
)

function told0(name: string) {
  return { peerId: id(name), digest: '0'.repeat(16), now: 0 }
}

view.run()
