/** The logic of an actor whose snapshot stays one object while what it holds changes. */

import type { ActorLogic, EventObject, Snapshot } from 'xstate'

/** What the system sends to an actor that is to end. It is no event of its own. */
const STOP = 'xstate.stop'

/**
 * Makes the logic of an actor that steps from state to state in place. A transition actor of XState
 * makes a snapshot for each event, and every write passes here; it also hands the end of the actor
 * to its step, like an event, and never says that it has stopped.
 */
export function steadyLogic<State, Event extends EventObject, Input>(
  begin: (input: Input) => State,
  step: (state: State, event: Event) => void,
): ActorLogic<Snapshot<undefined>, Event, Input> {
  type Held = Snapshot<undefined> & { readonly context: State }
  return {
    transition: (snapshot, event) => {
      if ((event.type as string) === STOP) {
        return { ...snapshot, status: 'stopped' } as Snapshot<undefined>
      }
      step((snapshot as Held).context, event)
      return snapshot
    },
    getInitialSnapshot: (_, input) =>
      ({ status: 'active', output: undefined, error: undefined, context: begin(input) }) as Held,
    getPersistedSnapshot: (snapshot) => snapshot,
  }
}
