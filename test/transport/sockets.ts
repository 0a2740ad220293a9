/** Scenes on real sockets, so in real time; each wait ends as soon as its condition holds. */

import * as assert from 'uvu/assert'
import type { TransportScene } from '../../transport/acceptance.ts'
import { connect } from '../../transport/acceptanceScene.ts'
import type { Transport } from '../../transport/ports.ts'

const UNTIL_MS_MAX = 5_000
const SETTLE_MS = 30

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export async function until(condition: () => boolean): Promise<void> {
  const startMs = performance.now()
  while (!condition()) {
    if (performance.now() - startMs > UNTIL_MS_MAX) throw new Error(`Never: ${condition}`)
    await sleep(1)
  }
}

/** Ends whatever a check left open, so that each begins with nothing. */
export function sceneOf(inner: Transport, address: string): TransportScene {
  const left: (() => void)[] = []
  const transport: Transport = {
    scheme: inner.scheme,
    dial(at, events) {
      const wire = inner.dial(at, events)
      left.push(() => wire.destroy())
      return wire
    },
    listen(at, events) {
      const listener = inner.listen(at, {
        ...events,
        accepted(wire) {
          left.push(() => wire.destroy())
          return events.accepted(wire)
        },
      })
      left.push(() => listener.close())
      return listener
    },
  }
  return {
    dialler: transport,
    listener: transport,
    address,
    until,
    settle: () => sleep(SETTLE_MS),
    close: () => {
      for (const end of left) end()
    },
  }
}

/** True if nothing of the network would keep this process alive. */
function isQuiet(): boolean {
  return !process.getActiveResourcesInfo().some((name) => /^TCP|Connect|TLS/.test(name))
}

/** Opens and closes a connection, and looks that no handle is left of it. */
export async function leavesNothing(scene: TransportScene): Promise<void> {
  await until(isQuiet)
  const { dialled, accepted, listening } = await connect(scene)
  assert.not(isQuiet())
  listening.listener.close()
  dialled.wire.close()
  await until(() => accepted.heard.isEnded && dialled.heard.isEnded)
  await until(isQuiet)
}

/** The port of an address such as `tcp://127.0.0.1:4444`. */
export function portOf(address: string): number {
  return Number(address.split(':').at(-1))
}
