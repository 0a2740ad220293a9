/** Opens a dictionary for an application that wants no actor. */

import { createActor, type InspectionEvent, type Observer } from 'xstate'
import type { ListenerFailed } from '../machines/mesh.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { Dictionary } from './dictionary.ts'
import { listenError } from './refusal.ts'
import { type DictionaryOptions, settle } from './settings.ts'
import { boards, type SyncInput, syncLogic } from './sync.ts'

/**
 * The options of `openDictionary`: those of `syncLogic`, and what XState's `createActor` inspects
 * with.
 */
export interface OpenOptions extends DictionaryOptions {
  /** Passed straight on to XState: hears of every actor, event and snapshot. */
  readonly inspect?: ((event: InspectionEvent) => void) | Observer<InspectionEvent>
}

/**
 * Opens a dictionary. Resolves when every `listen` address is bound; it does not wait for peers.
 *
 * Rejects with `OPTION_UNKNOWN`, `OPTION_INVALID`, `ADDRESS_INVALID`, `ADDRESS_EXPOSED`,
 * `SECRET_FILE_REFUSED`, `ADDRESS_IN_USE` or `LISTEN_FAILED`; nothing is open then.
 *
 * @example
 * const dictionary = await openDictionary({ network: 'lab', listen: ['tcp://127.0.0.1:4444'] })
 * dictionary.set('door', 'open')
 * await dictionary.close()
 */
export async function openDictionary<V = unknown>(
  options: OpenOptions = {},
): Promise<Dictionary<V>> {
  const { inspect, ...input } = checked(options)
  // What `inspect` sees of the settings has no secret in it.
  const settings = settle(input)
  const { clock } = settings
  const actor = createActor(syncLogic, {
    input: settings as SyncInput,
    clock,
    ...(inspect && { inspect }),
  })
  // A lease is an actor of its own, outside this system, and is inspected all the same.
  const board = boards.get(actor)
  if (board) board.inspect = inspect
  const dictionary = new Dictionary<V>(actor)
  await new Promise<void>((resolve, reject) => {
    actor.subscribe({
      next: ({ value }) => {
        if (value === 'open') resolve()
      },
      complete: () => reject(openingError(actor.getSnapshot().context.failure)),
      error: reject,
    })
    actor.start()
  })
  return dictionary
}

/** What `settle` does not see. */
function checked(options: OpenOptions): OpenOptions {
  const isGiven = (given: unknown) => typeof given === 'object' && given !== null
  if (!isGiven(options)) {
    throw new HoldfastError('OPTION_INVALID', 'The options are no object.', { option: 'options' })
  }
  const { inspect } = options
  if (inspect === undefined || typeof inspect === 'function' || isGiven(inspect)) return options
  const message = "The option 'inspect' is no function and no observer."
  throw new HoldfastError('OPTION_INVALID', message, { option: 'inspect' })
}

function openingError(failure: ListenerFailed | null): HoldfastError {
  if (failure !== null) return listenError(failure)
  return new HoldfastError('CLOSED', 'The dictionary closed while it opened.')
}
