/**
 * A machine as a table: every event in every state it can reach, where it leads, and what it asks
 * for. Nothing is carried out: `transition` gives actions as data, so no path needs time or hands.
 *
 * There `+connectMs` sets a timer and `-connectMs` clears it; `(noted)` only changes the context,
 * and `(ignored)` is a transition that does nothing on purpose. An event that a row does not name
 * is taken by no transition there.
 */
import * as assert from 'uvu/assert'
import {
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
  type InputFrom,
  initialTransition,
  transition,
} from 'xstate'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'

/** How a machine is walked. */
export interface Walk<Machine extends AnyStateMachine> {
  readonly machine: Machine
  readonly input: InputFrom<Machine>
  /** What can happen, under the names that the table uses. */
  readonly events: Readonly<Record<string, EventObject>>
  /** What of the context decides where an event leads; nothing unless a guard reads it. */
  readonly memory?: (snapshot: AnyMachineSnapshot) => string
  /** What is to be known of the output, when it is done. */
  readonly ending?: (output: never) => string
}

/** One step, as data. */
export interface Step {
  readonly snapshot: AnyMachineSnapshot
  /** The names of the actions that are asked for, in order. */
  readonly asked: readonly string[]
  /** False if no transition took the event. */
  readonly isTaken: boolean
}

export function begin<Machine extends AnyStateMachine>({ machine, input }: Walk<Machine>): Step {
  const [snapshot, actions] = initialTransition(machine, input)
  return { snapshot: snapshot as AnyMachineSnapshot, asked: actions.map(nameOf), isTaken: true }
}

export function take(snapshot: AnyMachineSnapshot, event: EventObject): Step {
  const machine = snapshot.machine as AnyStateMachine
  const [next, actions] = transition(machine, snapshot, event as never)
  const taken = machine.getTransitionData(snapshot as never, event as never)
  // The crash of a child that no transition takes is the end of its parent.
  const isTaken = taken.length > 0 || next.status === 'error'
  return { snapshot: next as AnyMachineSnapshot, asked: actions.map(nameOf), isTaken }
}

/** The table: for each state what can come of it, and which events lead to that. */
export function chart<Machine extends AnyStateMachine>(
  walk: Walk<Machine>,
): Record<string, Record<string, string>> {
  const table: Record<string, Record<string, string>> = {}
  for (const snapshot of reached(walk)) {
    const row: Record<string, string> = {}
    table[placeOf(walk, snapshot)] = row
    if (snapshot.status !== 'active') continue
    for (const [name, event] of Object.entries(walk.events)) {
      const step = take(snapshot, event)
      if (step.isTaken) {
        const outcome = outcomeOf(walk, snapshot, step)
        row[outcome] = row[outcome] ? `${row[outcome]} ${name}` : name
      } else {
        const { value, context } = step.snapshot
        assert.is(value, snapshot.value, `${name} led somewhere`)
        assert.is(context, snapshot.context, `${name} changed something`)
        assert.equal(step.asked, [], `${name} asked for something`)
      }
    }
  }
  return table
}

function outcomeOf<Machine extends AnyStateMachine>(
  walk: Walk<Machine>,
  before: AnyMachineSnapshot,
  { snapshot, asked }: Step,
): string {
  const place = placeOf(walk, snapshot)
  const does = asked.join(', ')
  const { status, output, context } = snapshot
  if (place === placeOf(walk, before)) {
    return does || (context === before.context ? '(ignored)' : '(noted)')
  }
  const end = status === 'done' && walk.ending ? ` (${walk.ending(output as never)})` : ''
  return `→ ${place}${end}${does && `: ${does}`}`
}

/** A snapshot of every state that can be reached. */
export function reached<Machine extends AnyStateMachine>(
  walk: Walk<Machine>,
): readonly AnyMachineSnapshot[] {
  return getShortestPaths(walk.machine, optionsOf(walk)).map(({ state }) => state as never)
}

/** Every path that comes through no state twice, as the steps that it takes. */
export function paths<Machine extends AnyStateMachine>(walk: Walk<Machine>): readonly Step[][] {
  return getSimplePaths(walk.machine, optionsOf(walk)).map(({ steps }) => {
    const walked = [begin(walk)]
    // The first step of a path is the start, whose event is made up.
    for (const { event } of steps.slice(1)) {
      const { snapshot } = walked.at(-1) as Step
      walked.push(take(snapshot, event as EventObject))
    }
    return walked
  })
}

/** Fails unless the events hold every type that the machine knows. */
export function knowsAllEvents<Machine extends AnyStateMachine>(walk: Walk<Machine>): void {
  const tried = new Set(Object.values(walk.events).map(({ type }) => type))
  const missing = walk.machine.events.filter((type) => !tried.has(type) && !type.endsWith('*'))
  assert.equal(missing, [], 'events that the walk does not try')
}

/** Fails unless the walks together rest in every state of the machine but these. */
export function reachesAll(
  machine: AnyStateMachine,
  walks: readonly Walk<AnyStateMachine>[],
  passing: readonly string[] = [],
): void {
  const found = walks.flatMap((walk) => reached(walk).flatMap(({ _nodes }) => _nodes))
  const ids = new Set(found.map(({ id }) => id))
  const missed = statesOf(machine.root).filter((id) => !ids.has(id))
  assert.equal(missed, passing, 'states that no walk reaches')
}

function statesOf({ id, states }: AnyStateMachine['root']): string[] {
  return [id, ...Object.values(states).flatMap((state) => statesOf(state))]
}

/** The holes of a machine: each must say its own name when nobody filled it. Returns the names. */
export function holes(machine: AnyStateMachine): string[] {
  const { actions, actors } = machine.implementations
  const names: string[] = []
  for (const [name, action] of Object.entries(actions)) {
    // What XState brings along, such as an assignment, has a type.
    if (typeof action !== 'function' || 'type' in action) continue
    assert.throws(action as () => void, (error: Error) => error.message === `provide '${name}'`)
    names.push(name)
  }
  for (const [name, logic] of Object.entries(actors)) {
    if ('implementations' in (logic as object)) continue
    assert.is(failureOf(logic as AnyActorLogic, {}, { type: 'anything' }), `provide '${name}'`)
    names.push(name)
  }
  return names
}

/** What an actor of this logic says when it fails, at the last of these events at the latest. */
export function failureOf(
  logic: AnyActorLogic,
  input: unknown,
  ...events: EventObject[]
): string | undefined {
  let failure: string | undefined
  const actor = createActor(logic, { input: input as never })
  actor.subscribe({
    error: (error) => {
      failure = (error as Error).message
    },
  })
  actor.start()
  for (const event of events) actor.send(event as never)
  actor.stop()
  return failure
}

function optionsOf<Machine extends AnyStateMachine>(walk: Walk<Machine>) {
  return {
    events: Object.values(walk.events),
    // An actor that is done hears nothing any more.
    filterEvents: ({ status }: AnyMachineSnapshot) => status === 'active',
    input: walk.input,
    serializeState: (snapshot: unknown) => placeOf(walk, snapshot as AnyMachineSnapshot),
  } as never
}

function placeOf<Machine extends AnyStateMachine>(
  { memory }: Walk<Machine>,
  snapshot: AnyMachineSnapshot,
): string {
  if (snapshot.status === 'error') return 'an error'
  const note = memory?.(snapshot)
  return note ? `${textOf(snapshot.value)} ${note}` : textOf(snapshot.value)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return Object.entries(value as object)
    .map(([name, inner]) => `${name}.${textOf(inner)}`)
    .join()
}

function nameOf({ type, params }: { type: string; params?: unknown }): string {
  const told = params as Record<string, unknown>
  switch (type) {
    case 'xstate.raise':
      return told.delay === undefined ? `raise ${wordOf(told.event)}` : `+${timerName(told.id)}`
    case 'xstate.cancel':
      return `-${timerName(told.sendId)}`
    case 'xstate.spawnChild':
      return `spawn ${told.id}`
    case 'xstate.stopChild':
      return `stop ${told.id}`
    case 'xstate.sendTo':
      return `tell ${told.targetId} ${wordOf(told.event)}`
    default:
      return type
  }
}

function timerName(id: unknown): string {
  const name = String(id)
  return name.startsWith('xstate.after.') ? (name.split('.')[2] as string) : name
}

function wordOf(event: unknown): string {
  return (event as EventObject).type
}
