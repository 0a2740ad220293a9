/**
 * Walks through every world that the pair rule can reach, breadth first, and counts what must not
 * be. Worlds that differ only in the names of their connections are one.
 */

import { keyOf } from './pairKey.ts'
import { type Move, moves, play, told } from './pairMoves.ts'
import { ARBITER, createWorld, FOLLOWER, type Settings, slotOf, type World } from './pairWorld.ts'

export interface Findings {
  worlds: number
  steps: number
  /** Worlds in which nothing has to happen any more. */
  endings: number
  goodEndings: number
  /** Worlds from which an endless run of steps exists, without dials or faults by chance. */
  livelocks: number
  /** What must not be, and how often it was met: bad endings, gaps, live closes. */
  offences: Record<string, number>
  /** The shortest way to the first offence, one move a line. */
  path: string
  /** Every world that can be reached was looked at. */
  complete: boolean
}

export interface Limits {
  readonly worldsMax?: number
  /** Stop at the first offence. */
  readonly stopEarly?: boolean
}

export function explore(settings: Settings, limits: Limits = {}): Findings {
  const { worldsMax = 1_000_000, stopEarly = false } = limits
  const exploration = new Exploration(settings)
  const { findings } = exploration
  while (exploration.lookAtNext()) {
    if (stopEarly && findings.path !== '') return findings
    if (findings.worlds > worldsMax) return findings
  }
  exploration.finish()
  return findings
}

/**
 * Plays one schedule by chance, with all its faults and dials or with some. True if there was no
 * offence, and exactly one connection whenever nothing was under way.
 */
export function playByChance(settings: Settings, random: () => number): boolean {
  let world = createWorld(settings)
  for (let step = 0; step < SCHEDULE_STEPS_MAX; step++) {
    let possible = moves(world, settings.rule)
    if (possible.some((move) => move.kind === 'must')) {
      possible = possible.filter((move) => move.kind === 'must' || random() < CHANCE_OF_TROUBLE)
    } else {
      if (!isJoinedByOne(world)) return false
      if (possible.length === 0 || random() < CHANCE_OF_PEACE) return true
    }
    const move = possible[Math.floor(random() * possible.length)]
    if (move) world = play(world, move, settings.rule)
    if (world.offences.length > 0) return false
  }
  return false
}

/** Everything was looked at, and nothing was found that must not be. */
export function isClean({ complete, livelocks, offences }: Findings): boolean {
  return complete && livelocks === 0 && Object.keys(offences).length === 0
}

const SCHEDULE_STEPS_MAX = 1_000
const CHANCE_OF_TROUBLE = 0.2
const CHANCE_OF_PEACE = 0.2

class Exploration {
  readonly findings: Findings = {
    worlds: 1,
    steps: 0,
    endings: 0,
    goodEndings: 0,
    livelocks: 0,
    offences: {},
    path: '',
    complete: false,
  }
  readonly #settings: Settings
  readonly #numbers = new Map<string, number>()
  readonly #queue: (World | undefined)[] = []
  /** How each world was reached first: from which one, by which move. */
  readonly #origins: { from: number; move: Move }[] = []
  readonly #edges = new Edges()
  #position = 0

  constructor(settings: Settings) {
    this.#settings = settings
    const start = createWorld(settings)
    this.#queue.push(start)
    this.#numbers.set(keyOf(start), 0)
  }

  /** Makes every move that is possible in the next world; false if there is no further world. */
  lookAtNext(): boolean {
    const from = this.#position++
    const world = this.#queue[from]
    if (!world) return false
    this.#queue[from] = undefined
    let ending = true
    for (const move of moves(world, this.#settings.rule)) {
      const next = play(world, move, this.#settings.rule)
      const to = this.#arrive(next, { from, move })
      if (move.kind === 'must') {
        ending = false
        this.#edges.add(from, to)
      }
      for (const offence of next.offences) this.#blame(offence, { from, move })
    }
    this.#judge(world, from, ending)
    return true
  }

  finish(): void {
    this.findings.livelocks = this.#edges.endless(this.findings.worlds)
    this.findings.complete = true
  }

  #arrive(world: World, origin: { from: number; move: Move }): number {
    this.findings.steps++
    const key = keyOf(world)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#queue.push(world) - 1
    this.#numbers.set(key, number)
    this.#origins[number] = origin
    this.findings.worlds++
    return number
  }

  #judge(world: World, number: number, ending: boolean): void {
    const good = isJoinedByOne(world)
    if (ending) this.findings.endings++
    if (ending && good) this.findings.goodEndings++
    if (ending && !good) this.#blame('bad ending', this.#origins[number])
    const faultless = world.faults === this.#settings.faults
    if (world.joined && faultless && hasGap(world)) this.#blame('gap', this.#origins[number])
  }

  #blame(offence: string, origin: { from: number; move: Move } | undefined): void {
    const { offences } = this.findings
    offences[offence] = (offences[offence] ?? 0) + 1
    if (this.findings.path !== '') return
    const taken: Move[] = []
    for (let last = origin; last; last = this.#origins[last.from]) taken.unshift(last.move)
    let world = createWorld(this.#settings)
    for (const move of taken) {
      this.findings.path += `${told(move, world)}\n`
      world = play(world, move, this.#settings.rule)
    }
    this.findings.path += `=> ${offence}`
  }
}

/** Exactly one connection, whole, and both ends use it. */
function isJoinedByOne(world: World): boolean {
  const links = world.links.filter((link) => link !== null)
  const [arbiter, follower] = world.peers
  return (
    links.length === 1 &&
    !links[0]?.broken &&
    arbiter.used !== null &&
    arbiter.used === follower.used
  )
}

/** One of the two has no connection to use, or uses one that has ended at the other side. */
function hasGap(world: World): boolean {
  return ([ARBITER, FOLLOWER] as const).some((side) => {
    const { used } = world.peers[side]
    if (used === null) return true
    return world.links[slotOf(used)]?.ends[1 - side]?.phase === 'absent'
  })
}

/** The steps that must happen, to find those that can follow each other without end. */
class Edges {
  #from = new Int32Array(1 << 16)
  #to = new Int32Array(1 << 16)
  #count = 0

  add(from: number, to: number): void {
    if (this.#count === this.#from.length) {
      this.#from = doubled(this.#from)
      this.#to = doubled(this.#to)
    }
    this.#from[this.#count] = from
    this.#to[this.#count++] = to
  }

  /** Takes away worlds without a further step, again and again; what is left can go on for ever. */
  endless(worlds: number): number {
    const further = new Int32Array(worlds)
    const head = new Int32Array(worlds).fill(-1)
    const next = new Int32Array(this.#count)
    for (let edge = 0; edge < this.#count; edge++) {
      const [from, to] = [at(this.#from, edge), at(this.#to, edge)]
      further[from] = at(further, from) + 1
      next[edge] = at(head, to)
      head[to] = edge
    }
    const ended: number[] = []
    for (let world = 0; world < worlds; world++) if (further[world] === 0) ended.push(world)
    let left = worlds
    for (let world = ended.pop(); world !== undefined; world = ended.pop()) {
      left--
      for (let edge = at(head, world); edge >= 0; edge = at(next, edge)) {
        const before = at(this.#from, edge)
        further[before] = at(further, before) - 1
        if (further[before] === 0) ended.push(before)
      }
    }
    return left
  }
}

function at(list: Int32Array, index: number): number {
  return list[index] as number
}

function doubled(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(list.length * 2)
  longer.set(list)
  return longer
}
