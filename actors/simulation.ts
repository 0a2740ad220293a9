/**
 * The simulation kit: dictionaries as they run in production, on a simulated network with a
 * stepping clock. Everything follows from the seed: the same seed and the same calls give the same
 * run.
 *
 * @example
 * const simulation = createSimulation({ seed: 7, peers: ['alice', 'bob', 'carol'] })
 * await simulation.untilQuiet()
 * simulation.peer('alice').set('door', 'open')
 * simulation.partition(['alice'], ['bob', 'carol'])
 * await simulation.advance(60_000)
 * simulation.heal()
 * await simulation.untilQuiet()
 * simulation.check()
 */

export type { PeerClock } from '../transport/peerClock.ts'
export { seededRandom } from '../transport/random.ts'
export type { Disturbances, Slowness } from '../transport/simulatedWeather.ts'
export { SteppingClock } from '../transport/stepping.ts'
export { ACTS, type Act, awake } from './simulation/acts.ts'
export type { CheckName, Problem } from './simulation/checks.ts'
export {
  type Crowd,
  type CrowdBroadcast,
  type CrowdOptions,
  type CrowdTally,
  createCrowd,
} from './simulation/crowd.ts'
export type { CrowdPeer } from './simulation/crowdPeer.ts'
export {
  type Breakage,
  type ExploreOptions,
  explore,
  ScheduleError,
  shorten,
} from './simulation/exploration.ts'
export type { History, Loss, Operation } from './simulation/history.ts'
export { type Linearization, linearize } from './simulation/linearizability.ts'
export type { SimulationOptions } from './simulation/options.ts'
export {
  type Outcome,
  type PlayOptions,
  playSchedule,
  printSchedule,
  type Schedule,
  type Step,
} from './simulation/schedule.ts'
export { type ShrinkOptions, shrink } from './simulation/shrinking.ts'
export { createSimulation, type Simulation } from './simulation/simulation.ts'
export type { LossTreatment } from './simulation/verdict.ts'
