import * as assert from 'uvu/assert'
import type { AnyActorRef } from 'xstate'
import type { Line } from '../../actors/line.ts'
import type { Switchboard } from '../../actors/switchboard.ts'
import { boards } from '../../actors/sync.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import type { Scene } from './scene.ts'
import { chooseSeed, play, scenarios } from './scene.ts'

/** Plays a scenario that must fail, and returns why it did. */
async function complaint(run: (scene: Scene) => Promise<void>): Promise<string> {
  let cause: unknown
  await play(chooseSeed(), run).catch((error) => {
    cause = error
  })
  assert.instance(cause, Error, 'The scenario did not fail.')
  // uvu keeps in `details` what the two values were.
  const { message, details } = cause as Error & { details?: string }
  return `${message} ${details}`.replaceAll('·', ' ').replaceAll('\\"', '"')
}

scenarios('the stage', (scenario) => {
  scenario('an event that nobody knows fails the scenario', async () => {
    const text = await complaint(async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      simulation.peer('alice').actor.send({ type: 'nonsense.said' } as never)
    })
    assert.match(text, 'sync in "open" did not take nonsense.said')
  })

  scenario('an event that a connection takes in another state only fails it too', async () => {
    const text = await complaint(async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      const { mesh } = boards.get(simulation.peer('bob').actor) as Switchboard
      const { children } = mesh.getSnapshot() as { children: Record<string, AnyActorRef> }
      const [connection] = Object.entries(children).filter(([id]) => id !== 'doors')
      connection?.[1].send({ type: 'wire.opened' })
    })
    assert.match(text, 'connection in "nominal" did not take wire.opened')
  })

  scenario('an actor that crashes fails it', async () => {
    const text = await complaint(async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      const { lines } = boards.get(simulation.peer('alice').actor) as Switchboard
      const line = lines.to('bob' as PeerId) as Line
      line.beat = () => {
        throw new Error('a broken beat')
      }
      await simulation.advance(10_000)
    })
    assert.match(text, 'crashed: Error: a broken beat')
  })

  scenario('the same run without any of them passes', async () => {
    await play(chooseSeed(), async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      await simulation.advance(10_000)
    })
  })
})
