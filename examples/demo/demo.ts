/**
 * The demonstration, run by `npm start`: five processes on this machine share a dictionary over
 * loopback TCP. It ends by itself: with 0 if all living peers hold the same in the end, else with
 * 1.
 *
 * `--stray` makes the latecomer open a network of its own, which the others refuse.
 */

import { parseArgs } from 'node:util'
import {
  formMesh,
  joinLate,
  killPeer,
  letLapse,
  loadShares,
  popKey,
  refuseWrite,
  showOwners,
} from './acts.ts'
import { fail, number, section, table, title } from './page.ts'
import { Player } from './player.ts'

const { values } = parseArgs({ options: { stray: { type: 'boolean', default: false } } })
/** The peers whose processes run. */
let players: Player[] = []

title('holdfast: a dictionary that processes share, every key with one owner')
try {
  await play()
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
const lastLine = await judge()
await Promise.allSettled(players.map((player) => player.leave()))
await Promise.allSettled(players.map((player) => player.kill()))
console.log(`\n${lastLine}`)

async function play(): Promise<void> {
  players = ['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => new Player(name))
  const [alice, bob, carol, dave, erin] = players as [Player, Player, Player, Player, Player]
  await formMesh(players)
  await loadShares(players)
  await showOwners(bob)
  await refuseWrite([alice, bob])
  await popKey(players)
  await letLapse(carol, dave)
  players = [alice, bob, carol, dave]
  await killPeer(erin, players)
  await joinLate('frank', { players, isStray: values.stray }, (frank) => {
    players = [...players, frank]
  })
}

/** Compares what the living peers hold, and says so in the last line. */
async function judge(): Promise<string> {
  section('In the end')
  const looks = await Promise.allSettled(players.map((player) => player.ask('look')))
  const seen = looks.map((look) => (look.status === 'fulfilled' ? look.value : undefined))
  table(
    ['peer', 'entries', 'neighbours', 'digest'],
    players.map(({ name }, index) => {
      const { size = 0, neighbours = [], digest = 'none' } = seen[index] ?? {}
      return [name, number(size), String(neighbours.length), digest]
    }),
  )
  const digests = new Set(seen.map((look) => look?.digest))
  const areEqual = digests.size === 1 && !digests.has(undefined)
  if (!areEqual) process.exitCode = 1
  const verdict = `digests ${areEqual ? 'equal' : 'differ'}`
  return `holdfast demo: ${seen[0]?.size ?? 0} entries, ${players.length} peers, ${verdict}`
}
