import type { Simulation } from './simulation.ts'

/**
 * Something that a step of a schedule does. It gets the simulation, the name of the step's peer (''
 * if it has none) and the step's arguments. What it returns is not waited for.
 */
export type Act = (simulation: Simulation, peer: string, ...given: never[]) => unknown

type Groups = readonly [readonly string[], readonly string[]]

/** What a peer does with its dictionary. */
const CALLS = {
  set: (simulation, peer, key: string, value: unknown, options?: { leaseMs?: number }) =>
    simulation.peer(peer).set(key, value, options),
  get: (simulation, peer, key: string) => simulation.peer(peer).get(key),
  delete: (simulation, peer, key: string) => simulation.peer(peer).delete(key),
  pop: (simulation, peer, key: string) => simulation.peer(peer).pop(key),
  acquire: (simulation, peer, key: string, options?: { leaseMs?: number; waitMs?: number }) =>
    simulation.peer(peer).acquire(key, options),
  renew: (simulation, peer, key: string) => simulation.peer(peer).renew(key),
  release: (simulation, peer, key: string) => simulation.peer(peer).release(key),
  transfer: (simulation, peer, key: string, heir: string) =>
    simulation.peer(peer).transfer(key, heir),
  send: (simulation, peer, payload: unknown) => simulation.peer(peer).send(payload),
} satisfies Record<string, Act>

/** What befalls peers and the network between them. */
const FAULTS = {
  partition: (simulation, _, ...[groupA, groupB]: Groups) => simulation.partition(groupA, groupB),
  partitionOneWay: (simulation, _, ...[groupA, groupB]: Groups) =>
    simulation.partition(groupA, groupB, { oneWay: true }),
  heal: (simulation) => simulation.heal(),
  reset: (simulation, peer, other: string) => simulation.reset(peer, other),
  crash: (simulation, peer) => simulation.crash(peer),
  restart: (simulation, peer) => simulation.restart(peer),
  pause: (simulation, peer) => simulation.pause(peer),
  resume: (simulation, peer) => simulation.resume(peer),
  suspend: (simulation, peer, ms: number) => simulation.suspend(peer, ms),
  drift: (simulation, peer, rate: number) => simulation.drift(peer, rate),
  stepClock: (simulation, peer, ms: number) => simulation.stepClock(peer, ms),
  slow: (simulation, peer, slowness?: { factor?: number; bytesPerMs?: number }) =>
    simulation.slow(peer, slowness),
  unslow: (simulation, peer) => simulation.unslow(peer),
  stall: (simulation, peer) => simulation.stall(peer),
  unstall: (simulation, peer) => simulation.unstall(peer),
} satisfies Record<string, Act>

/**
 * The acts that a step may name, beside those of one's own: the calls `set`, `get`, `delete`,
 * `pop`, `acquire`, `renew`, `release`, `transfer` and `send` of a dictionary, and the faults of a
 * simulation. A peer that is stopped or asleep makes no calls.
 */
export const ACTS: Readonly<Record<string, Act>> = { ...awake(CALLS), ...FAULTS }

/** The same acts, that do nothing at a peer that cannot run. */
export function awake(acts: Readonly<Record<string, Act>>): Readonly<Record<string, Act>> {
  const pairs = Object.entries(acts).map(([name, act]) => {
    const guarded: Act = (simulation, peer, ...given) => {
      if (simulation.clockOf(peer).isRunning) return act(simulation, peer, ...given)
    }
    return [name, guarded] as const
  })
  return Object.fromEntries(pairs)
}
