/**
 * One random run on the simulated network: some minutes of writes, leases and faults, drawn from
 * the seed as a schedule; then everything heals, and the run is judged.
 */

import {
  ACTS,
  type Act,
  awake,
  type CheckName,
  type Outcome,
  type PlayOptions,
  playSchedule,
  printSchedule,
  type Schedule,
  type Step,
  seededRandom,
  shrink,
} from 'holdfast/simulation'
import type { Integrity } from '../../actors/settings.ts'
import { boards } from '../../actors/sync.ts'
import { Ledger, type Violation } from './ledger.ts'

export interface RunOptions {
  readonly seed: number
  /** How many peers; default 2 to 6, drawn. */
  readonly peers?: number | undefined
  /** How long writes and faults go on, in minutes of simulated time. Default 3. */
  readonly minutes?: number | undefined
  /** Whether peers sign what they write. Default `channel`. */
  readonly integrity?: Integrity | undefined
}

/** A run before it is played. */
export interface Plan {
  /** Nothing cuts the peers off from each other, so each key has one order. */
  readonly isCalm: boolean
  readonly schedule: Schedule
  readonly options: PlayOptions & { readonly seed: number; readonly peers: readonly string[] }
}

export interface RunResult {
  readonly seed: number
  readonly peers: number
  readonly violations: readonly Violation[]
  readonly faults: Readonly<Record<string, number>>
  /** Calls that were accepted, reads of holders included. */
  readonly operations: number
  readonly broadcasts: number
  /** Simulated time in all, in milliseconds. */
  readonly virtualMs: number
  /** Simulated time from the last healing until all peers were equal, in milliseconds. */
  readonly healMs: number
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy']
const KEYS = ['door', 'window', 'printer', 'robot', 'stage', 'lift', 'gate', 'pump']
/**
 * The longest that healing may take, in milliseconds: silence, back-off and two rounds of asking.
 */
const HEAL_MS_MAX = 180_000

/** Which invariant of `semantics.md` a check of the simulation holds. */
const INVARIANTS: Readonly<Record<CheckName, string>> = {
  converged: 'C2',
  oneConnectionPerPair: 'M1',
  oneHolder: 'L6',
  noLostWrites: 'C8',
  noRevivals: 'C5',
  noTokenFalls: 'C7',
  linearizable: 'L5',
  own: 'error',
}

type Pick = (count: number) => number

/** Plays one seed to its end. */
export function playSeed(options: RunOptions): Promise<RunResult> {
  return playPlan(drawPlan(options))
}

/** Draws from the seed what will happen. */
export function drawPlan(given: RunOptions): Plan {
  const { seed, peers: count, minutes = 3, integrity = 'channel' } = given
  const random = seededRandom(seed * 7919 + 13)
  const pick: Pick = (count) => Math.floor(random() * count)
  const peers = nameAll(count ?? 2 + pick(5))
  // In some runs all stay connected, and messages are fast against the leases.
  const isCalm = pick(4) === 0
  const leaseMs = [...(isCalm ? [] : [500, 5_000]), 60_000, 3_600_000]
  const options = {
    seed,
    peers,
    latency: [1, 1 + pick(200)],
    loss: isCalm ? 0 : pick(3) * 0.05,
    duplicate: pick(3) * 0.1,
    reorder: pick(3) * 0.1,
    options: {
      leaseMs: leaseMs[pick(leaseMs.length)] as number,
      leasing: isCalm || pick(6) > 0,
      integrity,
    },
  } as const
  const schedule: Step[] = []
  const nextMs = (atMs: number) => atMs + (pick(20) === 0 ? pick(40_000) : pick(1_500))
  for (let atMs = nextMs(isCalm ? 3_000 : 0); atMs < minutes * 60_000; atMs = nextMs(atMs)) {
    const draw = pick(12) > 0 ? drawCall : isCalm ? drawClock : drawFault
    schedule.push({ atMs, ...draw({ peers, pick, count: schedule.length }) })
  }
  return { schedule, options, isCalm }
}

/** Plays what was drawn, or a part of it. */
export async function playPlan({ schedule, options, isCalm }: Plan): Promise<RunResult> {
  const ledger = new Ledger()
  const seen = { operations: 0, faults: {} as Record<string, number> }
  const outcome = await playSchedule(schedule, {
    ...options,
    quietMs: HEAL_MS_MAX,
    onStart: (dictionary, name) => ledger.follow(dictionary, name),
    acts: actsOf(ledger),
    check: (simulation) => {
      seen.operations = simulation.history.operations.length
      seen.faults = { ...simulation.network.disturbances }
      const linearizable = isCalm ? KEYS : []
      for (const { check, what } of simulation.problems({ linearizable })) {
        ledger.violate(INVARIANTS[check], what)
      }
    },
  })
  return {
    seed: options.seed,
    peers: options.peers.length,
    violations: [...ledger.violations, ...violationsOf(outcome)],
    faults: { ...countFaults(schedule), ...seen.faults },
    operations: seen.operations,
    broadcasts: ledger.dictionaries.reduce((sum, { actor }) => sum + broadcastsOf(actor), 0),
    virtualMs: outcome.virtualMs,
    healMs: outcome.healMs,
  }
}

/** The shortest part of a plan that was found to break one of the same invariants. */
export async function shortenPlan(plan: Plan, triesMax: number): Promise<string> {
  const { violations } = await playPlan(plan)
  const broken = new Set(violations.map(({ invariant }) => invariant))
  const fails = async (schedule: Schedule) => {
    const result = await playPlan({ ...plan, schedule })
    return result.violations.some(({ invariant }) => broken.has(invariant))
  }
  const shortest = await shrink(plan.schedule, fails, { triesMax })
  const count = `${shortest.length} of ${plan.schedule.length} steps break the same:`
  return `${count}\n${printSchedule(shortest, { ...plan.options })}`
}

interface Draw {
  readonly peers: readonly string[]
  readonly pick: Pick
  /** How many steps there are already, for values that occur once. */
  readonly count: number
}

type Drawn = Omit<Step, 'atMs'>

function drawCall({ peers, pick, count }: Draw): Drawn {
  const peer = peers[pick(peers.length)] as string
  const key = KEYS[pick(KEYS.length)] as string
  const other = peers[pick(peers.length)] as string
  switch (pick(14)) {
    case 0:
      return { peer, act: 'delete', with: [key] }
    case 1:
      return { peer, act: 'release', with: [key] }
    case 2:
      return { peer, act: 'send', with: [`note ${count}`] }
    case 3:
      return { peer, act: 'acquire', with: [key, { waitMs: pick(2) * pick(20_000) }] }
    case 4:
      return { peer, act: 'renew', with: [key] }
    case 5:
      return { peer, act: 'transfer', with: [key, other] }
    case 6:
    case 7:
      return { peer, act: 'get', with: [key] }
    default:
      return { peer, act: 'set', with: [key, `${peer}-${count}`] }
  }
}

function drawFault(draw: Draw): Drawn {
  const { peers, pick } = draw
  const peer = peers[pick(peers.length)] as string
  const other = peers[pick(peers.length)] as string
  const side = peers.filter(() => pick(2) === 0)
  const sides = [side, peers.filter((name) => !side.includes(name))]
  const faults: readonly Drawn[] = [
    { act: 'partition', with: sides },
    { act: 'partitionOneWay', with: sides },
    { act: 'heal' },
    { act: 'heal' },
    { peer, act: 'crash' },
    { peer, act: 'restart' },
    { peer, act: 'pause' },
    { peer, act: 'resume' },
    { peer, act: 'reset', with: [other] },
    { peer, act: 'stall' },
    { peer, act: 'unstall' },
    { peer, act: 'slow', with: [{ factor: 2 + pick(20) }] },
    { peer, act: 'unslow' },
    drawClock(draw),
    { peer, act: 'suspend', with: [pick(20_000)] },
  ]
  return faults[pick(faults.length)] as Drawn
}

/** A clock that is wrong cuts nobody off. */
function drawClock({ peers, pick }: Draw): Drawn {
  const peer = peers[pick(peers.length)] as string
  return pick(2) === 0
    ? { peer, act: 'drift', with: [0.995 + pick(11) / 1_000] }
    : { peer, act: 'stepClock', with: [pick(172_800_000) - 86_400_000] }
}

/** The acts whose results the ledger looks at. */
function actsOf(ledger: Ledger): Readonly<Record<string, Act>> {
  const { acquire, renew, transfer } = ACTS as Record<'acquire' | 'renew' | 'transfer', Act>
  const extending = (call: Act): Act => {
    return (simulation, name, ...given) => {
      const [key, heir] = given as readonly string[] as readonly [string, string]
      for (const holder of [name, heir]) ledger.extend(holder, key)
      const result = call(simulation, name, ...given)
      return result instanceof Promise ? result.then(() => ledger.extend(name, key)) : result
    }
  }
  return awake({
    set: (simulation, name, key: string, value: string) => {
      ledger.set(simulation, name, { key, value })
    },
    acquire: extending(acquire),
    renew: extending(renew),
    transfer: extending(transfer),
  })
}

function violationsOf({ problems }: Outcome): Violation[] {
  return problems.map(({ check, what }) => ({ invariant: INVARIANTS[check], what }))
}

function countFaults(schedule: Schedule): Record<string, number> {
  const counts: Record<string, number> = {}
  const faults = schedule.filter(({ act }) => FAULTS.has(act))
  for (const { act } of faults) counts[act] = (counts[act] ?? 0) + 1
  return counts
}

const FAULTS = new Set([
  'partition',
  'partitionOneWay',
  'heal',
  'crash',
  'restart',
  'pause',
  'resume',
  'reset',
  'stall',
  'unstall',
  'slow',
  'unslow',
  'drift',
  'stepClock',
  'suspend',
])

/** How many broadcasts a run began. */
function broadcastsOf(actor: object): number {
  const snapshot = boards.get(actor)?.waterfall.getSnapshot() as
    | { context: { waterfall: { sent: number } } }
    | undefined
  return snapshot?.context.waterfall.sent ?? 0
}

function nameAll(count: number): string[] {
  return Array.from({ length: count }, (_, index) => NAMES[index] ?? `peer${index + 1}`)
}
