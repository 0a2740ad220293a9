/**
 * The doors of a mesh: the listeners that let others in, and the timers that send this peer out.
 * They live in an actor, so that they are closed and cleared however the mesh ends.
 */

import { fromCallback } from 'xstate'
import type { MeshContext, MeshEvent } from '../machines/mesh.ts'
import type { Handle } from '../machines/rules/peer.ts'
import { hasRoom } from '../machines/rules/roster.ts'
import type { Listener, ListenerEvents, Timer, Wire } from '../transport/ports.ts'
import type { DoorKeeper, Switchboard } from './switchboard.ts'

export const doorsLogic = fromCallback<{ type: 'doors.close' }, MeshContext>(
  ({ input, sendBack, receive }) => {
    const board = input.shared as Switchboard
    const doors = new Doors(board, sendBack)
    board.doors = doors
    receive(() => doors.close())
    return () => doors.close()
  },
)

class Doors implements DoorKeeper {
  readonly #board: Switchboard
  readonly #tellMesh: (event: MeshEvent) => void
  readonly #listeners: Listener[] = []
  readonly #timers = new Set<Timer>()
  #alarm: Timer

  constructor(board: Switchboard, tellMesh: (event: MeshEvent) => void) {
    this.#board = board
    this.#tellMesh = tellMesh
    for (const address of board.settings.listen) this.#listen(address)
  }

  /** Lets the mesh look for due addresses at that time; null for never. */
  wakeAt(at: number | null): void {
    const { clock } = this.#board
    clock.clearTimeout(this.#alarm)
    if (at === null) return
    const delayMs = Math.max(0, at - clock.now())
    this.#alarm = clock.setTimeout(() => this.#tellMesh({ type: 'dial.due' }), delayMs)
  }

  /** Tells the mesh something after a while, unless the doors are closed by then. */
  after(delayMs: number, event: MeshEvent): void {
    const timer = this.#board.clock.setTimeout(() => {
      this.#timers.delete(timer)
      this.#tellMesh(event)
    }, delayMs)
    this.#timers.add(timer)
  }

  close(): void {
    const { clock } = this.#board
    clock.clearTimeout(this.#alarm)
    for (const timer of this.#timers) clock.clearTimeout(timer)
    this.#timers.clear()
    for (const listener of this.#listeners.splice(0)) listener.close()
  }

  #listen(address: string): void {
    const events: ListenerEvents = {
      listening: (bound) => this.#tellMesh({ type: 'listener.bound', address: bound }),
      accepted: (wire) => this.#accept(wire),
      failed: ({ code, detail }) =>
        this.#tellMesh({ type: 'listener.failed', address, code, detail }),
    }
    const transport = this.#board.transportFor(address)
    try {
      if (transport) this.#listeners.push(transport.listen(address, events))
    } catch (cause) {
      // Without this answer the mesh would wait for the address for ever.
      const failure = { code: 'failed', detail: String(cause) } as const
      this.#board.clock.defer(() => events.failed(failure))
    }
  }

  /** Gives an accepted wire a line and a connection; none if there are too many. */
  #accept(wire: Wire) {
    const { mesh } = this.#board
    if (!hasRoom(mesh.getSnapshot().context.roster)) return undefined
    const handle = this.#board.makeId() as Handle
    const address = wire.remoteAddress
    const line = this.#board.openLine({ handle, direction: 'incoming', address }).carry(wire)
    this.#tellMesh({ type: 'wire.accepted', handle, address })
    return line
  }
}
