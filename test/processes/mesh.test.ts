import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import type { OpenOptions } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { playDialling, tellSettled } from './dialling.ts'
import { type CommandError, Fleet, type PeerProcess, until } from './fleet.ts'
import { areEqual, isMesh, type Peer } from './fullMesh.ts'

const ROUNDS = 20
const PEERS_MAX = 9
const ENTRIES = 10_000
/**
 * How long a restarted peer may take to be back, in milliseconds. Silence is noticed after 15,000.
 */
const BACK_MS_MAX = 3_000

const fleet = new Fleet()
/** Processes start slowly, dictionaries in them do not; so these serve all scenes. */
let pool: PeerProcess[] = []

const options = (name: string, more: OpenOptions = {}): OpenOptions => ({
  network: 'processes',
  peerId: name,
  listen: ['tcp://127.0.0.1:0'],
  ...more,
})

async function open(process: PeerProcess, given: OpenOptions): Promise<Peer> {
  const { peerId, listening } = await process.call('open', given)
  return { name: peerId, process, address: listening[0] ?? '' }
}

/** Opens one dictionary in each of so many processes; each joins all that were opened before. */
async function openMesh(names: readonly string[], more: OpenOptions = {}): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const [index, name] of names.entries()) {
    const join = peers.map(({ address }) => address)
    peers.push(await open(pool[index] as PeerProcess, options(name, { join, ...more })))
  }
  await until(() => isMesh(peers), 'a full mesh')
  return peers
}

/**
 * Whatever a scene left behind: the next one finds every process running and no dictionary open.
 */
async function tidy(): Promise<void> {
  pool = await Promise.all(
    pool.map(async (process) => {
      process.signal('SIGCONT')
      if (process.isGone) return fleet.start()
      await process.call('close')
      return process
    }),
  )
}

async function closeAll(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map(({ process }) => process.call('close')))
}

const many = suite('processes: many entries')

many.before(async () => {
  pool = await fleet.startMany(PEERS_MAX)
})

many('10,000 entries set at one of 8 peers are at all, and at a ninth that joins', async () => {
  const peers = await openMesh(['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'])
  const start = performance.now()
  await peers[0]?.process.call('fill', 'key', ENTRIES)
  await until(() => areEqual(peers), 'equal digests')
  const spreadMs = performance.now() - start
  const join = [peers[3]?.address ?? '']
  const ninth = await open(pool[8] as PeerProcess, options('ivan', { join }))
  const all = [...peers, ninth]
  const joinMs = await until(() => areEqual(all), 'the ninth to have everything')
  const pairs = Array.from({ length: ENTRIES }, (_, number) => [
    `key${number}`,
    { number, text: `value ${number}` },
  ]).sort(([one = ''], [other = '']) => (one < other ? -1 : 1))
  const expected = createHash('sha256').update(JSON.stringify(pairs)).digest('hex')
  for (const { name, process } of all) {
    assert.is(await process.call('size'), ENTRIES, name)
    assert.is(await process.call('content'), expected, name)
  }
  const times = `to 8 in ${Math.round(spreadMs)} ms, to a ninth in ${Math.round(joinMs)} ms`
  console.log(`  ${ENTRIES} entries ${times}`)
})

many.after.each(tidy)

many.run()

const rounds = suite('processes: simultaneous dialling')

rounds(`${ROUNDS} rounds of all dialling all end with one connection per pair`, async () => {
  const seed = Date.now() % 1_000_000
  console.log(`  seed ${seed}`)
  const settled = await playDialling({ pool, rounds: ROUNDS, seed, scheme: 'tcp' })
  console.log(`  ${settled.length} of ${ROUNDS} rounds settled: ${tellSettled(settled)}`)
})

rounds.after.each(tidy)

rounds.run()

const killed = suite('processes: sudden ends')

killed('a peer is killed: others notice, its lease is taken over, a newcomer has all', async () => {
  const [alice, bob, carol] = (await openMesh(['alice', 'bob', 'carol'])) as [Peer, Peer, Peer]
  // Long enough for a loaded machine to notice the death within the term.
  const leaseMs = 6_000
  await alice.process.call('fill', 'key', 100)
  const { token } = await alice.process.call('acquire', 'printer', { leaseMs })
  await until(() => areEqual([alice, bob, carol]), 'equal digests')
  await until(() => isHolder('alice', [bob, carol]), 'the lease to be known')
  await alice.process.kill()
  const isNoticed = async ({ process }: Peer) =>
    !(await process.call('peers')).some(({ peerId }) => peerId === 'alice')
  await until(async () => (await isNoticed(bob)) && (await isNoticed(carol)), 'the loss', 2_000)
  // A suspicion that a peer is down never frees its lease.
  assert.is((await bob.process.call('lease', 'printer'))?.owner, 'alice')
  const taken = await bob.process.call('acquire', 'printer', { waitMs: 20_000 })
  assert.ok(taken.token > token, `token ${taken.token} after ${token}`)
  const dave = await open(pool[3] as PeerProcess, options('dave', { join: [carol.address] }))
  await until(() => areEqual([bob, carol, dave]), 'the newcomer to have everything')
  await until(() => isHolder('bob', [dave]), 'the newcomer to know the lease')
  assert.is(await dave.process.call('get', 'key99').then((value) => value !== undefined), true)
  const lease = await dave.process.call('lease', 'printer')
  assert.is(lease?.token, taken.token)
})

/** A digest tells nothing of a key that has a lease and no value: that must be asked for. */
async function isHolder(name: string, peers: readonly Peer[]): Promise<boolean> {
  const leases = await Promise.all(peers.map(({ process }) => process.call('lease', 'printer')))
  return leases.every((lease) => lease?.owner === name)
}

killed('a killed peer that restarts with its id is connected again at once', async () => {
  const [alice, bob, carol] = (await openMesh(['alice', 'bob', 'carol'])) as [Peer, Peer, Peer]
  await bob.process.call('fill', 'key', 10)
  const spare = pool[3] as PeerProcess
  await alice.process.kill()
  const start = performance.now()
  // Nobody is told to join: the others dial the address where she was.
  const again = await open(spare, options('alice', { listen: [alice.address] }))
  const peers = [again, bob, carol]
  await until(() => isMesh(peers), 'alice to be back', BACK_MS_MAX)
  console.log(`  back after ${Math.round(performance.now() - start)} ms`)
  await until(() => areEqual(peers), 'equal digests')
})

killed('a new run of a peer that fell silent replaces it without waiting for silence', async () => {
  // Both ways round: the arbiter of a pair is the peer with the greater id.
  for (const name of ['alice', 'zoe']) {
    const mesh = await openMesh([name, 'bob', 'carol'])
    const [silent, bob, carol] = mesh as [Peer, Peer, Peer]
    // A stopped process keeps its sockets open, as a machine that lost its power seems to do.
    silent.process.signal('SIGSTOP')
    assert.is((await bob.process.call('peers')).length, 2)
    const join = [bob.address, carol.address]
    const start = performance.now()
    const again = await open(pool[3] as PeerProcess, options(name, { join }))
    const peers = [again, bob, carol]
    await again.process.call('set', `from ${name}`, 'up')
    await bob.process.call('set', `to ${name}`, 'down')
    await until(() => areEqual(peers), `${name} to be back`, BACK_MS_MAX)
    assert.is(await carol.process.call('get', `from ${name}`), 'up')
    assert.is(await again.process.call('get', `to ${name}`), 'down')
    console.log(`  ${name} back after ${Math.round(performance.now() - start)} ms`)
    await until(() => isMesh(peers), 'the leftovers to be gone')
    await tidy()
  }
})

killed('a process that was stopped past its term sees the loss at the first read', async () => {
  const [alice, bob, carol] = (await openMesh(['alice', 'bob', 'carol'])) as [Peer, Peer, Peer]
  const { token } = await alice.process.call('acquire', 'printer', { leaseMs: 1_000 })
  assert.is((await alice.process.call('holding')).valid, true)
  await alice.process.call('watchLease')
  await until(() => isHolder('alice', [bob]), 'the lease to be known')
  await until(async () => (await alice.process.call('lastValidAt')) > 0, 'a first look')
  alice.process.signal('SIGSTOP')
  const taken = await bob.process.call('acquire', 'printer', { waitMs: 10_000, leaseMs: 60_000 })
  assert.ok(taken.token > token)
  // The question waits for her in the channel, so that it is among the first things she does.
  const read = alice.process.call('holding')
  alice.process.signal('SIGCONT')
  const { valid, remainingMs } = await read
  assert.equal({ valid, remainingMs }, { valid: false, remainingMs: 0 })
  const lastValidAt = await alice.process.call('lastValidAt')
  assert.ok(lastValidAt < taken.at, 'two believed to hold the lease at the same time')
  assert.is(await codeOf(alice.process.call('renew')), 'LEASE_LOST')
  assert.is(await codeOf(alice.process.call('set', 'printer', 'mine')), 'LEASE_HELD')
  await until(() => areEqual([alice, bob, carol]), 'equal digests')
})

async function codeOf(called: Promise<unknown>): Promise<string> {
  return called.then(
    () => 'nothing',
    (error) => (error as CommandError).code,
  )
}

killed.after.each(tidy)

killed.run()

const ends = suite('processes: the end')

ends('a process ends by itself after close, and others see a goodbye', async () => {
  const [alice, bob] = (await openMesh(['alice', 'bob'])) as [Peer, Peer]
  await alice.process.call('set', 'door', 'open')
  await until(() => areEqual([alice, bob]), 'equal digests')
  await alice.process.call('close')
  assert.equal(await alice.process.end(), { code: 0, signal: null })
  await until(async () => (await bob.process.call('lease', 'door')) === undefined, 'a free key')
  assert.is(await bob.process.call('get', 'door'), 'open')
  await closeAll([bob])
  assert.equal(await bob.process.end(), { code: 0, signal: null })
})

ends('a process that opens, writes and closes at once ends by itself', async () => {
  const { exit, said } = await fleet.runOnce(options('alice'))
  assert.equal(said, { done: 'open' })
  assert.equal(exit, { code: 0, signal: null })
})

ends(
  'a process that also dials nobody, somebody silent and somebody strange ends too',
  async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume())
    const silent = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    })
    const join = [`tcp://127.0.0.1:${silent}`, 'tcp://127.0.0.1:1']
    const { exit, said } = await fleet.runOnce(options('alice', { join }))
    assert.equal(said, { done: 'open' })
    assert.equal(exit, { code: 0, signal: null })
    server.close()
  },
)

ends('a process whose address is taken hears so and ends by itself', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  const listen = ['tcp://127.0.0.1:0', `tcp://127.0.0.1:${port}`]
  const { exit, said } = await fleet.runOnce(options('alice', { listen }))
  assert.equal(said, { failed: 'ADDRESS_IN_USE' })
  assert.equal(exit, { code: 0, signal: null })
  server.close()
})

ends.after(() => fleet.killAll())

ends.run()
