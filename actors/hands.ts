/**
 * Gives a machine its hands at the moment an actor of it is made: the hands of one dictionary reach
 * through that dictionary's switchboard, which comes with the input.
 */

import type { AnyActorRef, AnyStateMachine } from 'xstate'

/** The implementations that `machine.provide` takes. */
type Hands<Machine extends AnyStateMachine> = Parameters<Machine['provide']>[0]

interface Fitting<Machine extends AnyStateMachine, Given, Input> {
  /** The machine's input, from what the actor was given. */
  readonly input: (given: Given, self: AnyActorRef) => Input
  readonly hands: (input: Input) => Hands<Machine>
}

/** The same machine, whose actors each get hands made from their input. */
export function withHands<Machine extends AnyStateMachine, Given, Input>(
  machine: Machine,
  fitting: Fitting<Machine, Given, Input>,
): Machine {
  const logic = Object.create(machine) as AnyStateMachine
  logic.getInitialSnapshot = (scope, given) => {
    const input = fitting.input(given as Given, scope.self)
    return machine.provide(fitting.hands(input)).getInitialSnapshot(scope as never, input)
  }
  // The snapshot remembers the machine that has the hands.
  logic.transition = (snapshot, event, scope) => snapshot.machine.transition(snapshot, event, scope)
  return logic as Machine
}
