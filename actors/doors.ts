/**
 * The doors of a mesh: the listeners that let others in, and the timers that send this peer out.
 * They live in an actor, so that they are closed and cleared however the mesh ends.
 */

import { fromCallback } from 'xstate'
import { CONNECTION_MS } from '../machines/connection.ts'
import type { MeshContext, MeshEvent } from '../machines/mesh.ts'
import { judgeKnock, type Paces } from '../machines/rules/knock.ts'
import type { Handle } from '../machines/rules/peer.ts'
import type { Listener, ListenerEvents, Timer, Wire } from '../transport/ports.ts'
import type { DoorKeeper, Switchboard } from './switchboard.ts'

/**
 * How long who dialled has until it is known, from the first moment and whatever it sends
 * meanwhile, in milliseconds: a byte now and then must not buy more time. Who has said that it is
 * one of ours in time is told by its connection that it is late, a moment earlier.
 */
export const PENDING_MS_MAX = CONNECTION_MS.handshake + 250

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
  readonly #paces: Paces = new Map()
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
    this.#later(delayMs, () => this.#tellMesh(event))
  }

  close(): void {
    const { clock } = this.#board
    clock.clearTimeout(this.#alarm)
    for (const timer of this.#timers) clock.clearTimeout(timer)
    this.#timers.clear()
    for (const listener of this.#listeners.splice(0)) listener.close()
  }

  #later(delayMs: number, act: () => void): void {
    const timer = this.#board.clock.setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delayMs)
    this.#timers.add(timer)
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

  /** Gives an accepted wire a line and a connection, unless it is one too many. */
  #accept(wire: Wire) {
    const { mesh, clock, lines, settings } = this.#board
    const { roster } = mesh.getSnapshot().context as MeshContext
    if (roster.isClosing) return undefined
    const { remoteAddress } = wire
    const knocking = { address: remoteAddress, now: clock.now(), limits: settings.limits }
    const knock = judgeKnock(roster, knocking, this.#paces)
    if (knock.limit !== null) this.#board.reach(knock.limit, { address: remoteAddress })
    if (knock.verdict === 'refused') return undefined
    if (knock.cut !== null) lines.get(knock.cut)?.destroy()
    const handle = this.#board.makeId() as Handle
    const address = wire.remoteAddress
    const line = this.#board.openLine({ handle, direction: 'incoming', address }).carry(wire)
    this.#tellMesh({ type: 'wire.accepted', handle, address })
    this.#later(PENDING_MS_MAX, () => {
      if (line.peerId === null) line.giveUp(`not known after ${PENDING_MS_MAX} ms`)
    })
    return line
  }
}
