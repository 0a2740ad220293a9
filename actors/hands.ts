/**
 * Gives a machine its hands at the moment an actor of it is made: the hands of one dictionary reach
 * through that dictionary's switchboard, which comes with the input.
 */

import type { AnyActorRef, AnyStateMachine, Snapshot } from 'xstate'
import { HoldfastError } from '../machines/rules/errors.ts'

/** The implementations that `machine.provide` takes. */
type Hands<Machine extends AnyStateMachine> = Parameters<Machine['provide']>[0]

interface Fitting<Machine extends AnyStateMachine, Given, Input> {
  /** The machine's input, from what the actor was given. */
  readonly input: (given: Given, self: AnyActorRef) => Input
  readonly hands: (input: Input) => Hands<Machine>
  /**
   * What of the input the hands depend on, if not on the actor: they are made once for each. A
   * machine with hands is a new machine, which takes longer to make than an actor takes to run.
   */
  readonly perShared?: (input: Input) => object
}

/** A machine with hands, and the way to have them made before the first actor is. */
type Handed<Machine, Input> = Machine & { readonly prepare: (input: Input) => void }

/** The same machine, whose actors each get hands made from their input. */
export function withHands<Machine extends AnyStateMachine, Given, Input>(
  machine: Machine,
  fitting: Fitting<Machine, Given, Input>,
): Handed<Machine, Input> {
  const logic = Object.create(machine) as AnyStateMachine
  const fitted = new WeakMap<object, AnyStateMachine>()
  const fit = (input: Input): AnyStateMachine => {
    const shared = fitting.perShared?.(input)
    const known = shared && fitted.get(shared)
    if (known) return known
    const made = machine.provide(fitting.hands(input))
    if (shared) fitted.set(shared, made)
    return made
  }
  logic.getInitialSnapshot = (scope, given) => {
    const input = fitting.input(given as Given, scope.self)
    return fit(input).getInitialSnapshot(scope as never, input)
  }
  // The snapshot remembers the machine that has the hands.
  logic.transition = (snapshot, event, scope) => snapshot.machine.transition(snapshot, event, scope)
  logic.getPersistedSnapshot = summaryOf
  logic.restoreSnapshot = (kept) => kept as never
  logic.start = (snapshot) => {
    if (snapshot.machine === undefined) throw notRestorable()
    machine.start(snapshot as never)
  }
  return Object.assign(logic as Machine, { prepare: (input: Input) => void fit(input) })
}

/**
 * What an application that persists its machine keeps of ours: how it stands, without children and
 * context. Connections, timers and the data of others cannot be kept. What had ended stays ended
 * when it is restored; what lived ends with an error as it starts, so that its parent hears of it.
 */
function summaryOf(snapshot: object): Snapshot<unknown> {
  const { status, output, error, value } = snapshot as Record<string, unknown>
  return { status, output, error, value, children: {}, context: {} } as never
}

function notRestorable(): HoldfastError {
  const message = 'An actor with connections cannot be restored from a snapshot; invoke it anew.'
  return new HoldfastError('OPTION_INVALID', message, { option: 'snapshot' })
}
