import type { Term } from 'holdfast'
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { during, refuses, rejects, scenarios } from './scene.ts'

const LEASE_MS = 10_000
const MINUTE_MS = 60_000
/** How long a free name takes at most to find its leader, in milliseconds. */
const SOON_MS = 1_000
/** When others take a lease of ten seconds for lapsed at the latest, in milliseconds. */
const LAPSED_MS = LEASE_MS * 1.02 + 200

const THREE = ['alice', 'bob', 'carol'] as const

/** What one candidate went through. */
interface Candidate {
  readonly terms: Term[]
  /** Ends the candidacy from outside. */
  readonly leave: AbortController
  /** True once its loop has ended. */
  isDone: boolean
}

/** A candidate whose body lasts for as long as `work` says; by default until its term is lost. */
function stand(
  simulation: Simulation,
  name: string,
  work: (term: Term) => Promise<void> = ended,
): Candidate {
  const candidate: Candidate = { terms: [], leave: new AbortController(), isDone: false }
  const { signal } = candidate.leave
  const run = async () => {
    for await (const term of simulation.peer(name).elect('job', { signal, leaseMs: LEASE_MS })) {
      candidate.terms.push(term)
      await work(term)
    }
    candidate.isDone = true
  }
  void run()
  return candidate
}

function ended({ signal }: Term): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

const leads = ({ terms }: Candidate) => terms.at(-1)?.lease.valid === true

/** Lets time go on in steps; after each at most one of them leads. */
async function watch(
  simulation: Simulation,
  candidates: readonly Candidate[],
  forMs: number,
): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 50) {
    await simulation.advance(50)
    assert.ok(candidates.filter(leads).length <= 1, `two lead at ${simulation.clock.now()} ms`)
  }
}

scenarios('elections', (scenario) => {
  scenario('alice leads until she steps back, then another one does', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = stand(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const others = ['bob', 'carol'].map((name) => stand(simulation, name))
    await watch(simulation, [alice, ...others], 2 * MINUTE_MS)
    assert.ok(leads(alice), 'a term goes on for as long as nobody ends it')
    assert.is(simulation.peer('carol').lease('job')?.owner, 'alice')
    alice.leave.abort()
    assert.is(alice.terms[0]?.signal.reason, 'released')
    await watch(simulation, [alice, ...others], SOON_MS)
    assert.is(alice.isDone, true)
    assert.is(others.filter(leads).length, 1)
    const next = others.find(leads) as Candidate
    assert.ok((next.terms[0]?.token as number) > (alice.terms[0]?.token as number))
    for (const { leave } of others) leave.abort()
    await simulation.advance(SOON_MS)
    assert.equal(
      others.map(({ isDone }) => isDone),
      [true, true],
    )
    assert.is(simulation.peer('alice').lease('job'), undefined)
  })

  scenario('the leader dies, and another one leads when its time is over', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = stand(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const bob = stand(simulation, 'bob')
    await simulation.advance(SOON_MS)
    simulation.crash('alice')
    await simulation.advance(LEASE_MS / 2)
    assert.is(bob.terms.length, 0)
    await simulation.advance(LEASE_MS / 2 + SOON_MS + 1_000)
    assert.ok(leads(bob))
    assert.is(leads(alice), false)
    bob.leave.abort()
    await simulation.advance(SOON_MS)
  })

  scenario('a paused leader loses its term, and stands again when it goes on', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = stand(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const bob = stand(simulation, 'bob')
    await simulation.advance(SOON_MS)
    simulation.pause('alice')
    await simulation.advance(LAPSED_MS + SOON_MS)
    assert.ok(leads(bob))
    assert.is(leads(alice), false, 'her lease is not valid, though no timer of hers has run')
    simulation.resume('alice')
    await simulation.advance(MINUTE_MS)
    assert.ok(alice.terms[0]?.signal.aborted)
    assert.is(alice.terms.length, 1)
    bob.leave.abort()
    await simulation.advance(SOON_MS)
    assert.is(alice.terms.length, 2, 'she stood in line all the time')
    assert.ok(leads(alice))
    alice.leave.abort()
    await simulation.advance(SOON_MS)
  })

  scenario(
    'a body that goes on after its term is offered no other before it is done',
    async (scene) => {
      const simulation = await scene.gather(...THREE)
      let finish = () => {}
      const stubborn = () => new Promise<void>((resolve) => (finish = resolve))
      const alice = stand(simulation, 'alice', stubborn)
      await simulation.advance(SOON_MS)
      simulation.peer('alice').release('job')
      await simulation.advance(5 * MINUTE_MS)
      assert.is(alice.terms[0]?.signal.reason, 'released')
      assert.is(alice.terms.length, 1)
      assert.is(simulation.peer('bob').lease('job'), undefined, 'nor does it stand in the way')
      finish()
      await simulation.advance(SOON_MS)
      assert.is(alice.terms.length, 2)
      assert.ok((alice.terms[1]?.token as number) > (alice.terms[0]?.token as number))
      alice.leave.abort()
      finish()
      await simulation.advance(SOON_MS)
      assert.is(alice.isDone, true)
    },
  )

  scenario('a body that comes round early keeps leading under the same term', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const alice = stand(simulation, 'alice', async () => {})
    await simulation.advance(5 * MINUTE_MS)
    assert.is(alice.terms.length, 1)
    assert.ok(leads(alice))
    alice.leave.abort()
    await simulation.advance(SOON_MS)
    assert.is(simulation.peer('bob').lease('job'), undefined)
  })

  scenario('who leaves the loop gives the term back at once, also by an error', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const alice = simulation.peer('alice')
    const leave = async () => {
      for await (const term of alice.elect('job')) return term.token
      return undefined
    }
    const fail = async () => {
      for await (const _ of alice.elect('job')) throw new Error('the work went wrong')
    }
    assert.is(await during(simulation, leave()), 1)
    assert.is(alice.lease('job'), undefined)
    const words = await during(
      simulation,
      fail().catch(({ message }) => message),
    )
    assert.is(words, 'the work went wrong')
    await simulation.advance(SOON_MS)
    assert.is(simulation.peer('bob').lease('job'), undefined)
    assert.is(await during(simulation, leave()), 3)
  })

  scenario(
    'a candidate that waits can be told to stop, by its signal or by hand',
    async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      simulation.peer('bob').set('job', 'mine')
      await simulation.advance(SOON_MS)
      const waiting = stand(simulation, 'alice')
      const terms = simulation.peer('alice').elect('job')
      const next = terms.next()
      await simulation.advance(SOON_MS)
      waiting.leave.abort()
      await terms.return?.()
      await simulation.advance(SOON_MS)
      assert.is(waiting.isDone, true)
      assert.equal(await next, { value: undefined, done: true })
      const aborted = simulation.peer('alice').elect('job', { signal: AbortSignal.abort() })
      assert.equal(await aborted.next(), { value: undefined, done: true })
      assert.is(waiting.terms.length, 0)
    },
  )

  scenario('the loop ends when the dictionary closes', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const alice = stand(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const bob = stand(simulation, 'bob')
    await simulation.advance(SOON_MS)
    void simulation.peer('alice').close()
    await simulation.advance(SOON_MS)
    assert.is(alice.terms[0]?.signal.reason, 'shutdown')
    assert.is(alice.isDone, true)
    assert.ok(leads(bob))
    refuses('CLOSED', () => simulation.peer('alice').elect('job'))
    bob.leave.abort()
    await simulation.advance(SOON_MS)
  })

  scenario('there is no election without leases, and none without a name', async (scene) => {
    const simulation = await scene.gather({ peers: 2, options: { leasing: false } })
    refuses('LEASES_OFF', () => simulation.peer('peer1').elect('job'))
    refuses('KEY_INVALID', () => simulation.peer('peer1').elect(7 as never))
    refuses('OPTION_INVALID', () => simulation.peer('peer1').elect('job', { leaseMs: 1 }))
    await rejects('LEASES_OFF', simulation.peer('peer1').acquire('job'))
  })
})
