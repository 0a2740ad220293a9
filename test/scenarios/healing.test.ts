import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { decode } from '../../transport/codec.ts'
import { ANYBODY } from '../../transport/simulatedDisorder.ts'
import { scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000
/** A random neighbour is asked after 45 seconds at the latest, and answers in two. */
const HEAL_MS_MAX = 47_000
const KEYS = 20

/** Loses everything that one peer broadcasts to another of what it wrote. Returns how to stop. */
function loseWrites(simulation: Simulation, { from, to }: { from: string; to: string }) {
  const line = boards.get(simulation.peer(to).actor)?.lines.to(from as PeerId)
  assert.ok(line)
  const lost: unknown[] = []
  const read = line.frames.bind(line)
  line.frames = (frames) => {
    const isLost = (frame: Uint8Array) => {
      const message = decode(frame, ANYBODY)
      return message?.kind === 'broadcast' && message.body.kind === 'entries'
    }
    lost.push(...frames.filter(isLost))
    read(frames.filter((frame) => !isLost(frame)))
  }
  const stop = () => {
    line.frames = read
  }
  return { lost, stop }
}

const replicaOf = (simulation: Simulation, name: string): Replica =>
  boards.get(simulation.peer(name).actor)?.replica as Replica

scenarios('what was missed comes all the same', (scenario) => {
  scenario('a broadcast is lost, and a neighbour that is asked at random tells', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const { lost, stop } = loseWrites(simulation, { from: 'alice', to: 'bob' })
    simulation.peer('alice').set('door', 'open')
    await simulation.advance(500)
    stop()
    assert.is(lost.length, 1)
    assert.equal(seen(simulation, 'door'), ['open', undefined])
    await simulation.advance(HEAL_MS_MAX)
    assert.equal(seen(simulation, 'door'), ['open', 'open'])
    simulation.check()
  })

  scenario('the next broadcast shows the gap, and it is filled within a second', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const { lost, stop } = loseWrites(simulation, { from: 'alice', to: 'bob' })
    simulation.peer('alice').set('door', 'open')
    await simulation.advance(500)
    stop()
    simulation.peer('alice').set('window', 'shut')
    await simulation.advance(1_000)
    assert.is(lost.length, 1)
    assert.equal(seen(simulation, 'door'), ['open', 'open'])
    assert.equal(seen(simulation, 'window'), ['shut', 'shut'])
  })

  scenario('twenty keys come and go 6,000 times and leave nothing behind', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const { names } = simulation
    const tokens = new Map<string, number>()
    for (let round = 0; round < 300; round++) {
      const peer = simulation.peer(names[round % 3] as string)
      for (let number = 0; number < KEYS; number++) {
        const key = `key ${number}`
        const { token } = peer.set(key, { round })
        assert.ok(token > (tokens.get(key) ?? 0), `${key} got token ${token}`)
        tokens.set(key, token)
        peer.delete(key)
      }
      await simulation.advance(round % 50 === 0 ? 2 * MINUTE_MS : 50)
    }
    for (const name of names) assertSmall(replicaOf(simulation, name), KEYS)
    await simulation.advance(3 * MINUTE_MS)
    for (const name of names) {
      const replica = replicaOf(simulation, name)
      assert.is(replica.table.entries, 0, 'every trace of a deletion is collected')
      assert.is(replica.table.bytes, 0)
      for (const map of [replica.floors, replica.lineages, replica.replaced, replica.held]) {
        assert.is(map.size, 0)
      }
    }
    for (const [key, token] of tokens) {
      assert.ok(simulation.peer('bob').set(key, 'again').token > token)
    }
  })
})

/** Nothing in a replica, nor in its table, holds more than one thing for each key or peer. */
function assertSmall(replica: Replica, keys: number): void {
  const most = keys + 10
  for (const [name, part] of [...Object.entries(replica), ...Object.entries(replica.table)]) {
    if (part instanceof Map || part instanceof Set) assert.ok(part.size <= most, `${name}`)
    if (Array.isArray(part)) assert.ok(part.length <= most, `${name} has ${part.length}`)
  }
  for (const coverage of replica.coverage) assert.ok(coverage.list().length <= 3)
}
