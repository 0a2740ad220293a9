/** Real partitions: packets between processes in network namespaces are dropped by nftables. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Fleet, until } from './fleet.ts'
import { areEqual, isMesh, type Peer } from './fullMesh.ts'
import { Namespaces, whyNoNamespaces } from './namespaces.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin']
/** Silence is noticed after 15 s, and the longest pause between two dials is 30 s. */
const NOTICE_MS_MAX = 40_000
const HEAL_MS_MAX = 90_000
const LEASE_MS = 2_000

const reason = whyNoNamespaces()
if (reason !== undefined) console.log(`  skipped, because ${reason}`)

const fleet = new Fleet()
let namespaces: Namespaces
const peers: Peer[] = []
const peer = (name: string) => peers.find((each) => each.name === name) as Peer

const partitions = suite('partitions by nftables')
const scene = reason === undefined ? partitions : partitions.skip

partitions.before(async () => {
  if (reason !== undefined) return
  namespaces = new Namespaces(NAMES)
  const started = NAMES.map((name) => fleet.start(undefined, namespaces.launcher(name)))
  for (const [index, process] of (await Promise.all(started)).entries()) {
    const name = NAMES[index] as string
    const { listening } = await process.call('open', {
      network: 'partitions',
      peerId: name,
      leaseMs: LEASE_MS,
      insecure: 'plain-text-on-this-network',
      listen: [`tcp://${namespaces.address(name)}:4444`],
      join: peers.map(({ address }) => address),
    })
    peers.push({ name, process, address: listening[0] as string })
  }
  await until(() => isMesh(peers), 'a full mesh')
})

scene('both sides notice, work on, and only the greater one takes over', async () => {
  await peer('erin').process.call('set', 'door', 'erin before')
  await peer('alice').process.call('set', 'window', 'alice before')
  await until(() => areEqual(peers), 'equal digests')
  namespaces.partition(['alice', 'bob'])
  const isNoticed = async () => {
    const [one, other] = await Promise.all([
      peer('alice').process.call('peers'),
      peer('erin').process.call('peers'),
    ])
    return one.length === 1 && other.length === 2
  }
  const noticedMs = await until(isNoticed, 'the split to be noticed', NOTICE_MS_MAX)
  const refused = await peer('alice')
    .process.call('set', 'door', 'alice')
    .catch((error) => error.code)
  assert.is(refused, 'NO_MAJORITY')
  const taken = await peer('carol').process.call('set', 'window', 'carol during')
  assert.is(taken.token, 2)
  await peer('bob').process.call('set', 'bench', 'bob during')
  namespaces.heal()
  const isHealed = async () => (await isMesh(peers)) && (await areEqual(peers))
  const healedMs = await until(isHealed, 'all to be equal', HEAL_MS_MAX)
  for (const { name, process } of peers) {
    const entries = await process.call('entries')
    const sorted = entries.sort(([one], [other]) => (one < other ? -1 : 1))
    const expected = [
      ['bench', 'bob during'],
      ['door', 'erin before'],
      ['window', 'carol during'],
    ]
    assert.equal(sorted, expected, name)
  }
  const times = `noticed after ${Math.round(noticedMs)} ms, equal ${Math.round(healedMs)} ms after`
  console.log(`  ${times} the healing`)
})

scene('who is heard by nobody but hears all keeps nothing for itself', async () => {
  namespaces.partition(['dave'], { oneWay: true })
  const isNoticed = async () => (await peer('erin').process.call('peers')).length === 3
  await until(isNoticed, 'the silence to be noticed', NOTICE_MS_MAX)
  await peer('erin').process.call('set', 'lift', 'erin')
  namespaces.heal()
  const isHealed = async () => (await isMesh(peers)) && (await areEqual(peers))
  await until(isHealed, 'all to be equal', HEAL_MS_MAX)
  assert.is(await peer('dave').process.call('get', 'lift'), 'erin')
})

partitions.after(async () => {
  if (reason !== undefined) return
  await Promise.all(peers.map(({ process }) => process.kill()))
  namespaces.close()
})

partitions.run()
