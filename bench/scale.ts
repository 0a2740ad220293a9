/**
 * What a broadcast costs in a network of a hundred, a thousand, ten thousand peers, and what of it
 * arrives when some of them die: the relay of production on a simulated network.
 */

import { type Crowd, type CrowdBroadcast, type CrowdPeer, createCrowd } from 'holdfast/simulation'
import { heldBytes } from './heap.ts'
import { type Cell, type Measuring, median, type Report } from './report.ts'
import { drawn } from './scalePlot.ts'
import { whole } from './whole.ts'

/** One way over a link, in milliseconds: machines all over the world. */
const LATENCY_MS = [5, 100] as const
/** How long a network takes to find its shape at most, in milliseconds of its own time. */
const SETTLE_MS_MAX = 120_000
/** No view changes for so long: the shape is found. Milliseconds. */
const QUIET_MS = 3_000
/** How many broadcasts are made before those that count, and how many count. */
const WARM = 6
const COUNTED = 6
/** Between two broadcasts, in milliseconds: the last one has arrived. */
const PAUSE_MS = 2_000
/** How many are made right after the deaths, and how far apart, in milliseconds. */
const SHOCKED = 4
const SHOCK_PAUSE_MS = 200
/** How long after a broadcast that is under way the deaths come, in milliseconds. */
const UNDER_WAY_MS = 100
/** By then neighbours have noticed who is dead, and everybody found new ones. Milliseconds. */
const HEAL_MS_MAX = 60_000

export const DEAD = [0, 0.1, 0.3] as const

/** What some broadcasts came to. */
export interface Spread {
  /** How many times the payload was sent for each living peer but the sender. */
  readonly payloads: number
  readonly words: number
  readonly wordBytes: number
  /** The share of living peers that it reached by the tree, and in all. */
  readonly reached: number
  readonly delivered: number
  readonly hops: number
  readonly hopsMax: number
  /** Until the last one had it, in milliseconds; the longest of all. */
  readonly lastMs: number
  /** After how many milliseconds each peer had the first of them. */
  readonly arrivals: readonly number[]
}

export interface Scaled {
  readonly peers: number
  readonly dead: number
  readonly degrees: readonly [least: number, mean: number, most: number]
  readonly settleMs: number
  readonly bytes: number
  readonly first: Spread
  readonly steady: Spread
  readonly during?: Spread
  readonly shocked?: Spread
  readonly healMs?: number
  readonly healed?: Spread
}

export async function* scale({ peers, runs }: Measuring): AsyncGenerator<Report> {
  yield await whole(peers)
  const all: Scaled[] = []
  for (const count of peers) {
    for (const dead of DEAD) {
      for (let run = 1; run <= runs; run++) all.push(measure({ peers: count, dead, seed: run }))
    }
  }
  yield steadyReport(all, peers)
  yield deathReport(all, peers)
  yield { title: 'Drawn', columns: ['file'], rows: [[await drawn(all)]] }
}

function measure({ peers, dead, seed }: { peers: number; dead: number; seed: number }): Scaled {
  const before = heldBytes()
  const crowd = createCrowd({ peers, seed, latency: LATENCY_MS })
  const settleMs = crowd.settle({ quietMs: QUIET_MS, limitMs: SETTLE_MS_MAX })
  const first = speak(crowd, 1)
  speak(crowd, WARM)
  const bytes = (heldBytes() - before) / peers
  const steady = speak(crowd, COUNTED)
  const found = { peers, dead, degrees: degreesOf(crowd), settleMs, bytes, first, steady }
  if (dead === 0) return found
  const shocked = shock(crowd, dead)
  crowd.settle({ quietMs: QUIET_MS, limitMs: HEAL_MS_MAX })
  speak(crowd, WARM)
  return { ...found, ...shocked, healed: speak(crowd, COUNTED) }
}

/** Some broadcasts, one after the other, each by anybody. */
function speak(crowd: Crowd, count: number): Spread {
  crowd.reset()
  for (let index = 0; index < count; index++) {
    crowd.draw().say()
    crowd.advance(PAUSE_MS)
  }
  return spreadOf(crowd, crowd.counted)
}

/** Some die while a broadcast is under way, and others go on speaking before anybody notices. */
function shock(crowd: Crowd, dead: number): Pick<Scaled, 'during' | 'shocked' | 'healMs'> {
  crowd.reset()
  const during = crowd.draw().say()
  crowd.advance(UNDER_WAY_MS)
  const killedAt = crowd.clock.now()
  crowd.kill(dead)
  for (let index = 0; index < SHOCKED; index++) {
    crowd.draw().say()
    crowd.advance(SHOCK_PAUSE_MS)
  }
  crowd.heal(HEAL_MS_MAX)
  const healMs = crowd.clock.now() - killedAt
  crowd.advance(PAUSE_MS)
  const shocked = crowd.counted.slice(1)
  return { during: spreadOf(crowd, [during]), shocked: spreadOf(crowd, shocked), healMs }
}

function spreadOf({ alive, tally, counted }: Crowd, some: readonly CrowdBroadcast[]): Spread {
  // What only the dead knew is lost with them.
  const known = some.filter((each) => alive.some((peer) => peer.has(each)))
  const share = (has: (peer: CrowdPeer, each: CrowdBroadcast) => boolean) => {
    const shares = known.map(
      (each) => alive.filter((peer) => has(peer, each)).length / alive.length,
    )
    return Math.min(...shares)
  }
  const sum = (figure: (each: CrowdBroadcast) => number) =>
    some.reduce((total, each) => total + figure(each), 0)
  const times = some.flatMap(({ reachedMs, givenMs }) => [reachedMs.at(-1), givenMs.at(-1)])
  return {
    payloads: tally.payloads / counted.length / (alive.length - 1),
    words: tally.treeWords / counted.length / alive.length,
    wordBytes: tally.treeBytes / tally.treeWords,
    reached: share((peer, each) => peer.hops.has(each)),
    delivered: share((peer, each) => peer.has(each)),
    hops: sum(({ hopsSum }) => hopsSum) / sum(({ reachedMs }) => reachedMs.length),
    hopsMax: Math.max(...some.map(({ hopsMax }) => hopsMax)),
    lastMs: Math.max(...times.map((ms) => ms ?? 0)),
    arrivals: [...(some[0]?.reachedMs ?? []), ...(some[0]?.givenMs ?? [])],
  }
}

function degreesOf({ alive }: Crowd): Scaled['degrees'] {
  const degrees = alive.map(({ degree }) => degree)
  const mean = degrees.reduce((sum, degree) => sum + degree, 0) / degrees.length
  return [Math.min(...degrees), mean, Math.max(...degrees)]
}

function steadyReport(all: readonly Scaled[], sizes: readonly number[]): Report {
  const rows = sizes.map((peers) => {
    const some = all.filter((each) => each.peers === peers)
    return steadyRow(peers, some)
  })
  return {
    title: 'Nobody dies',
    columns: [
      'peers',
      'networks',
      'settled after s',
      'neighbours',
      'payloads, first',
      'payloads',
      'tree words',
      'bytes of a word',
      'delivered',
      'hops',
      'hops max',
      'last ms',
      'bytes held by a peer',
    ],
    rows,
  }
}

function steadyRow(peers: number, some: readonly Scaled[]): Cell[] {
  const middle = (figure: (each: Scaled) => number) => median(some.map(figure))
  const [least, mean, most] = [0, 1, 2].map((at) => middle(({ degrees }) => degrees[at] as number))
  return [
    peers,
    some.length,
    middle(({ settleMs }) => settleMs) / 1_000,
    `${least} / ${mean?.toFixed(2)} / ${most}`,
    middle(({ first }) => first.payloads).toFixed(3),
    middle(({ steady }) => steady.payloads).toFixed(3),
    middle(({ steady }) => steady.words),
    Math.round(middle(({ steady }) => steady.wordBytes)),
    percent(Math.min(...some.map(({ steady }) => steady.reached))),
    middle(({ steady }) => steady.hops),
    Math.max(...some.map(({ steady }) => steady.hopsMax)),
    Math.round(Math.max(...some.map(({ steady }) => steady.lastMs))),
    Math.round(middle(({ bytes }) => bytes)),
  ]
}

function deathReport(all: readonly Scaled[], sizes: readonly number[]): Report {
  const pairs = sizes.flatMap((peers) => DEAD.slice(1).map((dead) => ({ peers, dead })))
  const rows = pairs.flatMap(({ peers, dead }) => {
    const some = all.filter((each) => each.peers === peers && each.dead === dead)
    const phases = { 'under way': 'during', 'right after': 'shocked', healed: 'healed' } as const
    const healed = Math.max(...some.map(({ healMs }) => healMs ?? Number.NaN)) / 1_000
    return Object.entries(phases).map(([title, phase]) => {
      const spreads = some.map((each) => each[phase] as Spread)
      const least = (figure: 'reached' | 'delivered') =>
        percent(Math.min(...spreads.map((each) => each[figure])))
      const payloads = median(spreads.map((each) => each.payloads))
      const lastMs = Math.round(Math.max(...spreads.map((each) => each.lastMs)))
      const start = [peers, percent(dead), healed, title, payloads.toFixed(3)]
      return [...start, least('reached'), least('delivered'), lastMs]
    })
  })
  return {
    title: 'Some die at once, without a word',
    columns: [
      'peers',
      'dead',
      'healed after s',
      'broadcasts',
      'payloads',
      'by the tree',
      'delivered',
      'last ms',
    ],
    rows,
  }
}

function percent(share: number): string {
  return share === 1 ? '100 %' : `${(100 * share).toFixed(share > 0.99 ? 3 : 0)} %`
}
