import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { OpenOptions } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { playDialling, tellSettled } from './dialling.ts'
import { Fleet, type PeerProcess, until } from './fleet.ts'
import { areEqual, isMesh, type Peer } from './fullMesh.ts'

const PEERS = 4
const ROUNDS = 8
const ENTRIES = 2_000
/** How long after a kill its restart may take to be connected again, in milliseconds. */
const BACK_MS_MAX = 3_000

const fleet = new Fleet()
let pool: PeerProcess[] = []

const tls = suite('processes: TLS')

tls.before(async () => {
  pool = await fleet.startMany(PEERS)
})

const pem = (name: string) =>
  fileURLToPath(new URL(`../transport/certificates/${name}.pem`, import.meta.url))

async function openMesh(more: (name: string) => OpenOptions): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const [index, name] of ['alice', 'bob', 'carol'].entries()) {
    const process = pool[index] as PeerProcess
    const join = peers.map(({ address }) => address)
    const listen = ['tls://127.0.0.1:0']
    const given = { network: 'tls', peerId: name, listen, join, ...more(name) }
    const { listening } = await process.call('open', given)
    peers.push({ name, process, address: listening[0] ?? '' })
  }
  await until(() => isMesh(peers), 'a full mesh')
  return peers
}

tls('three processes share by the secret, while strangers hammer at a door', async () => {
  const peers = await openMesh(() => ({}))
  const [alice] = peers as [Peer]
  const port = Number(new URL(alice.address).port)
  const strangers = Array.from({ length: 20 }, (_, index) => {
    const stranger = connect(port, '127.0.0.1').on('error', () => {})
    stranger.write(index % 2 === 0 ? 'GET / HTTP/1.1\r\n\r\n' : Buffer.from('160301', 'hex'))
    return stranger
  })
  await alice.process.call('fill', 'key', ENTRIES)
  await until(() => areEqual(peers), 'equal digests')
  for (const { name, process } of peers) assert.is(await process.call('size'), ENTRIES, name)
  for (const stranger of strangers) stranger.destroy()
  await until(() => isMesh(peers), 'the strangers to be gone')
})

tls('three processes share by certificates, and one that is killed is back at once', async () => {
  // Each has a certificate of the same authority.
  const certificates = (name: string): OpenOptions => {
    const who = name === 'alice' ? 'alice' : 'bob'
    return { tls: { ca: pem('authority'), cert: pem(who), key: pem(`${who}-key`) } }
  }
  const [alice, bob, carol] = (await openMesh(certificates)) as [Peer, Peer, Peer]
  await bob.process.call('set', 'door', 'open')
  await until(() => areEqual([alice, bob, carol]), 'equal digests')
  await alice.process.kill()
  const spare = pool[3] as PeerProcess
  const listen = [alice.address]
  await spare.call('open', { network: 'tls', peerId: 'alice', listen, ...certificates('alice') })
  const peers = [{ ...alice, process: spare }, bob, carol]
  await until(() => isMesh(peers), 'alice to be back', BACK_MS_MAX)
  await until(() => areEqual(peers), 'equal digests')
  pool = [spare, bob.process, carol.process]
})

tls(`${ROUNDS} rounds of all dialling all end with one connection per pair`, async () => {
  const seed = Date.now() % 1_000_000
  console.log(`  seed ${seed}`)
  const settled = await playDialling({ pool, rounds: ROUNDS, seed, scheme: 'tls' })
  console.log(`  ${settled.length} rounds settled: ${tellSettled(settled)}`)
})

tls.after.each(async () => {
  await Promise.all(pool.filter(({ isGone }) => !isGone).map((each) => each.call('close')))
})

tls.after(() => fleet.killAll())

tls.run()
