/** The acts of the demonstration, in their order. Each prints what it asked for and what came. */

import { setTimeout as sleep } from 'node:timers/promises'
import { mediaTypes } from './mime.ts'
import { bar, brief, note, number, refuse, say, section, span, table } from './page.ts'
import { Player } from './player.ts'
import { until, WAIT_MS_MAX } from './wait.ts'

const NETWORK = 'demo'
/** How long the lease of the act about leases is, in milliseconds. */
const SHIFT_MS = 1_000

/** Five processes start, and find each other. */
export async function formMesh(players: readonly Player[]): Promise<void> {
  section('A mesh of five processes, without a server')
  const [first, ...others] = players as [Player, ...Player[]]
  const addresses = [await first.ask('open', { peerId: first.name, network: NETWORK, join: [] })]
  const join = addresses.flat()
  addresses.push(
    ...(await Promise.all(
      others.map((player) => player.ask('open', { peerId: player.name, network: NETWORK, join })),
    )),
  )
  table(
    ['peer', 'process', 'listens at'],
    players.map(({ name, pid }, index) => [name, String(pid), String(addresses[index])]),
  )
  const elapsedMs = await until('each of the five is connected to the other four', async () => {
    const looks = await Promise.all(players.map((player) => player.ask('look')))
    const counts = looks.map(({ neighbours }) => neighbours.length)
    return counts.every((count) => count === players.length - 1)
      ? undefined
      : `they have ${counts.join(', ')} neighbours`
  })
  note(`All ten pairs are connected after ${span(elapsedMs)}; each was told one address`)
}

/** Each peer writes a fifth of the data set, all at the same time. */
export async function loadShares(players: readonly Player[]): Promise<void> {
  section(`A real data set: the ${number(mediaTypes.length)} media types of mime-db`)
  const progress = bar(mediaTypes.length, 'entries written')
  const startMs = performance.now()
  const shares = players.map((player, part) => {
    player.onLoaded = (entries) => progress.add(entries)
    return player.ask('load', { part, parts: players.length })
  })
  await Promise.all(shares)
  const writtenMs = performance.now() - startMs
  await everybodyHas(players, mediaTypes.length)
  const spreadMs = performance.now() - startMs
  note(`Written by all five at once in ${span(writtenMs)}, at every peer after ${span(spreadMs)}`)
}

export async function showOwners(witness: Player): Promise<void> {
  section(`Who owns what, as ${witness.name} sees it`)
  const owners = await witness.ask('owners')
  table(
    ['owner', 'keys'],
    owners.map(([owner, keys]) => [owner, number(keys)]),
  )
  console.log()
  const rows = await witness.ask('rows', [
    'application/json',
    'audio/mpeg',
    'font/woff2',
    'text/html',
    'text/markdown',
  ])
  table(
    ['key', 'owner', 'token', 'held for', 'value'],
    rows.map(({ key, owner, token, remainingMs, value }) => [
      key,
      owner,
      String(token),
      span(remainingMs),
      brief(value),
    ]),
  )
}

/** Somebody writes what another one owns. */
export async function refuseWrite(players: readonly Player[]): Promise<void> {
  section('A refused write')
  const [alice, bob] = players as [Player, Player]
  const attempt = await bob.ask('set', 'text/html', { source: bob.name })
  if (!('refused' in attempt)) throw new Error(`${bob.name} wrote what ${alice.name} owns.`)
  const { code, owner, remainingMs } = attempt.refused
  refuse(`${bob.name} sets text/html: ${code}, it is ${owner}'s for another ${span(remainingMs)}`)
}

/** The owner takes a key out. */
export async function popKey(players: readonly Player[]): Promise<void> {
  section('A pop')
  const [alice] = players as [Player]
  const value = await alice.ask('pop', 'text/html')
  note(`${alice.name} owns text/html and pops it: ${brief(value)}`)
  const elapsedMs = await until('text/html is gone at every peer', async () => {
    const has = await Promise.all(players.map((player) => player.ask('has', 'text/html')))
    const holders = players.filter((_, index) => has[index]).map(({ name }) => name)
    return holders.length === 0 ? undefined : `${holders.join(', ')} still has it`
  })
  note(`It is gone at every peer after ${span(elapsedMs)}`)
}

/** An owner falls silent; another one takes over. */
export async function letLapse(carol: Player, dave: Player): Promise<void> {
  section(`A lease of ${number(SHIFT_MS)} ms that lapses`)
  const shift = await carol.ask('set', 'on-call', { name: carol.name }, SHIFT_MS)
  if ('refused' in shift) throw new Error(`${carol.name} was refused a free key.`)
  note(`${carol.name} takes 'on-call', token ${shift.token}, and does not renew it`)
  await until(`'on-call' has reached ${dave.name}`, async () =>
    (await dave.ask('has', 'on-call')) ? undefined : 'it has not',
  )
  await takeOver(dave)
  await until(`${carol.name} hears of it`, async () => {
    const [row] = await carol.ask('rows', ['on-call'])
    return row?.owner === dave.name ? undefined : 'it has not'
  })
  const late = await carol.ask('set', 'on-call', { name: carol.name })
  if ('token' in late) throw new Error(`${carol.name} wrote what ${dave.name} owns.`)
  const { code, owner } = late.refused
  refuse(`${carol.name} comes back too late: ${code}, it is ${owner}'s`)
}

/** Waits as long as it is told to, and tries again. */
async function takeOver(dave: Player): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const attempt = await dave.ask('set', 'on-call', { name: dave.name })
    if ('token' in attempt) {
      const waited = span(performance.now() - startMs)
      note(`${dave.name} takes it over after ${waited}, token ${attempt.token}`)
      return
    }
    const { owner, remainingMs } = attempt.refused
    refuse(`${dave.name} wants it: it is ${owner}'s for another ${span(remainingMs)}; it waits`)
    if (performance.now() - startMs > WAIT_MS_MAX) throw new Error(`${owner} never let go.`)
    await sleep(Math.ceil(remainingMs))
  }
}

/** A process is killed. What it wrote stays, and stays its own until the leases lapse. */
export async function killPeer(victim: Player, others: readonly Player[]): Promise<void> {
  section('A peer is killed')
  await victim.kill()
  const elapsedMs = await until(`everybody notices that ${victim.name} is gone`, async () => {
    const looks = await Promise.all(others.map((player) => player.ask('look')))
    const linked = looks.filter(({ neighbours }) => neighbours.includes(victim.name))
    return linked.length === 0 ? undefined : `${linked.length} are still connected to it`
  })
  note(`SIGKILL for ${victim.name}; the others notice after ${span(elapsedMs)}`)
  const owners = new Map(await (others[0] as Player).ask('owners'))
  const keys = number(owners.get(victim.name) ?? 0)
  note(`Its ${keys} keys can be read, and stay its own until their leases lapse:`)
  say('  being out of reach frees nothing')
}

/** Somebody comes late and gets everything. */
export async function joinLate(
  name: string,
  { players, isStray }: { players: readonly Player[]; isStray: boolean },
  enter: (player: Player) => void,
): Promise<void> {
  section('A latecomer')
  const late = new Player(name)
  enter(late)
  const [host] = players as [Player]
  const network = isStray ? 'elsewhere' : NETWORK
  const join = [await host.ask('address')]
  await late.ask('open', { peerId: name, network, join })
  const elapsedMs = await until(`${name} has what the others have`, async () => {
    const [seen, ...others] = await Promise.all([late, ...players].map((each) => each.ask('look')))
    if (seen?.refusal !== undefined) throw new Error(`${name} was ${seen.refusal}.`)
    const isSame = others.every(({ digest }) => digest === seen?.digest)
    return isSame ? undefined : `${name} has ${seen?.size} of ${others[0]?.size} entries`
  })
  await until(`${name} is connected to all others`, async () => {
    const { length } = (await late.ask('look')).neighbours
    return length === players.length ? undefined : `${name} has ${length} neighbours`
  })
  const entries = `all ${number((await late.ask('look')).size)} entries`
  note(`${name} is told ${host.name}'s address, and has ${entries} after ${span(elapsedMs)}`)
  note(`It is connected to everybody`)
}

async function everybodyHas(players: readonly Player[], entries: number): Promise<void> {
  await until(`every peer has ${entries} entries`, async () => {
    const sizes = (await Promise.all(players.map((player) => player.ask('look')))).map(
      ({ size }) => size,
    )
    return sizes.every((size) => size === entries) ? undefined : `they have ${sizes.join(', ')}`
  })
}
