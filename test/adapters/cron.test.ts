/** Tasks of node-cron at several machines: each planned run is done by one of them. */

import type { Dictionary } from 'holdfast'
import { CronCoordinator } from 'holdfast/cron'
import { type RunCoordinator, schedule, type TaskContext } from 'node-cron'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refused, rejected, until, withCompany } from '../actors/company.ts'

const cron = suite('cron')

const LEASE_MS = 60_000
const RUN = 'nightly:2031-05-01T03:00:00.000Z'

cron(
  'of three machines one does each run, with timers of node-cron',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two()
    const carol = await company.alone({ peerId: 'carol', join: [address] })
    await until(() => alice.peers.length === 2)
    const done = new Map<string, string[]>()
    const tasks = [alice, bob, carol].map((dictionary) => {
      const runCoordinator: RunCoordinator = new CronCoordinator(dictionary, { settleMs: 100 })
      const work = ({ dateLocalIso }: TaskContext) => {
        done.set(dateLocalIso, [...(done.get(dateLocalIso) ?? []), dictionary.peerId])
      }
      const options = { name: 'tick', distributed: true, runCoordinator }
      return schedule('* * * * * *', work, options)
    })
    const skipped: unknown[] = []
    for (const task of tasks)
      task.on('execution:skipped', ({ reason }) => void skipped.push(reason))
    await until(() => done.size >= 2 && skipped.length >= 4)
    for (const task of tasks) task.destroy()
    for (const [date, peers] of done) assert.is(peers.length, 1, `${date}: ${peers}`)
    assert.equal(new Set(skipped), new Set(['not-elected']))
  }),
)

cron(
  'two that ask in the same moment are not both told yes, a hundred times',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const coordinators = [alice, bob].map((each) => new CronCoordinator(each, { settleMs: 100 }))
    const asked = Array.from({ length: 100 }, async (_, number) => {
      const run = `run ${number}:2031-05-01T03:00:00.000Z`
      const verdicts = await Promise.all(coordinators.map((each) => each.shouldRun(run, LEASE_MS)))
      assert.is(verdicts.filter(Boolean).length, 1, `${run}: ${verdicts}`)
    })
    await Promise.all(asked)
  }),
)

cron(
  'a run that is done is not done again, by who comes late or was restarted',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const first = new CronCoordinator(alice, { settleMs: 0 })
    assert.is(await first.shouldRun(RUN, LEASE_MS), true)
    assert.is(await first.shouldRun(RUN, LEASE_MS), false, 'it runs already')
    first.onComplete(RUN)
    await until(() => bob.has(`cron/${RUN}`))
    assert.is(alice.lease(`cron/${RUN}`), undefined, 'the lease is given back')
    assert.is(await new CronCoordinator(bob, { settleMs: 0 }).shouldRun(RUN, LEASE_MS), false)
    assert.is(await new CronCoordinator(alice, { settleMs: 0 }).shouldRun(RUN, LEASE_MS), false)
    first.onComplete('never begun')
  }),
)

cron(
  'marks of runs that are long past are removed, whoever made them',
  withCompany(async (company) => {
    const alice: Dictionary = await company.alone()
    const old = `cron/nightly:${new Date(Date.now() - 7_200_000).toISOString()}`
    const fresh = `cron/nightly:${new Date(Date.now() - 60_000).toISOString()}`
    alice.update({ [old]: 'bob', [fresh]: 'bob', 'cron/other': 1, [`x${old}`]: 1 })
    await new CronCoordinator(alice, { settleMs: 0 }).shouldRun(RUN, LEASE_MS)
    assert.equal([...alice.keys()], [fresh, 'cron/other', `x${old}`, `cron/${RUN}`])
  }),
)

cron(
  'who cannot decide rejects, and an option that makes no sense is refused',
  withCompany(async (company) => {
    const alice = await company.alone()
    for (const settleMs of [-1, Number.NaN, 3_600_000]) {
      refused('OPTION_INVALID', () => new CronCoordinator(alice, { settleMs }))
    }
    await alice.close()
    await rejected('CLOSED', new CronCoordinator(alice).shouldRun(RUN, LEASE_MS))
  }),
)

cron.run()
