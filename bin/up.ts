/** `holdfast up`: a peer that stays, with a live table of what it knows. */

import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { describe, follow, type Happening } from './happening.ts'
import { Interruption } from './interruption.ts'
import { failureOf, type Place, placeOf } from './network.ts'
import { print } from './output.ts'
import { paint } from './paint.ts'
import { drawPanel, NEWS_MAX } from './panel.ts'
import { Screen, type Terminal } from './screen.ts'
import { ADDRESS_DEFAULT, readSettings, settingFlags, surroundings } from './settings.ts'

/** How often the table is drawn when only time goes on, and how soon when something happens. */
const TICK_MS = 1_000
const DRAW_MS = 50

const FLAGS = {
  json: { help: 'a JSON object for each thing that happens, one a line' },
  lines: { help: 'a line for each thing that happens, also on a terminal' },
  ...settingFlags('network', 'join', 'listen', 'advertise', 'peerId', 'secretFile'),
  ...settingFlags('identity', 'allow', 'deny'),
} as const satisfies Flags

export const upCommand: Command = {
  name: 'up',
  usage: '',
  summary: 'run a peer, and show peers, keys, owners and leases',
  story: `
Joins the network and stays until it is interrupted. On a terminal it shows a table of peers and
keys that counts down; elsewhere, or with --lines, a line for each thing that happens.

Without --listen and --join it listens at ${ADDRESS_DEFAULT}, where the other commands look for it;
where somebody else does already, it joins that one.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast up', does: 'a peer for this machine, until Ctrl-C' },
    { line: 'holdfast up --json', does: 'the same for machines' },
    {
      line: 'holdfast up --listen tcp://127.0.0.1:7001 --join tcp://127.0.0.1:7002',
      does: 'listens at one address and joins another',
    },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  act: up,
}

async function up(words: readonly string[]): Promise<number> {
  const given = readWords({ name: 'up', flags: FLAGS, words })
  requireWords(given, { name: 'up', usage: '[flags]', min: 0, max: 0 })
  const place = placeOf(readSettings({ given, ...surroundings() }))
  const interruption = new Interruption()
  let dictionary: Dictionary | undefined
  try {
    dictionary = await settleDown(place)
    const { network } = place
    const isTable = process.stdout.isTTY && !given.has('json') && !given.has('lines')
    const end = isTable
      ? showTable(dictionary, { network, terminal: process.stdout })
      : printLines(dictionary, given.has('json'))
    await interruption.asked
    end()
    return interruption.status
  } catch (error) {
    throw failureOf(error)
  } finally {
    await dictionary?.close()
    interruption.end()
  }
}

/** Where nothing is said, the first peer of a machine listens where the others look for it. */
export async function settleDown(place: Place): Promise<Dictionary> {
  if (place.listen.length + place.join.length > 0) return openDictionary({ ...place })
  try {
    return await openDictionary({ ...place, listen: [ADDRESS_DEFAULT] })
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'ADDRESS_IN_USE') throw error
    const beside = { listen: ['tcp://127.0.0.1:0'], join: [ADDRESS_DEFAULT] }
    return openDictionary({ ...place, ...beside })
  }
}

interface Table {
  readonly network: string
  readonly terminal: Terminal
}

/** Draws the table again and again. Returns what ends that. */
export function showTable(dictionary: Dictionary, { network, terminal }: Table): () => void {
  const screen = new Screen(terminal)
  const news: string[] = []
  let soon: NodeJS.Timeout | undefined
  const draw = () => {
    clearTimeout(soon)
    soon = undefined
    const { columns, rows } = screen
    screen.show(drawPanel(dictionary, { network, columns, rows, news, paint }))
  }
  const stop = follow(dictionary, (what) => {
    news.push(`${new Date().toTimeString().slice(0, 8)} ${describe(what)}`)
    if (news.length > NEWS_MAX) news.shift()
    soon ??= setTimeout(draw, DRAW_MS)
  })
  const tick = setInterval(draw, TICK_MS)
  // Whoever interrupts twice does not wait, but wants the cursor back.
  const giveBack = () => screen.end()
  process.once('exit', giveBack)
  draw()
  return () => {
    stop()
    clearInterval(tick)
    clearTimeout(soon)
    process.off('exit', giveBack)
    screen.end()
  }
}

function printLines(dictionary: Dictionary, isJson: boolean): () => void {
  const tell = (what: Happening) => {
    const at = new Date().toISOString()
    void print(isJson ? JSON.stringify({ at, ...what }) : `${at} ${describe(what)}`)
  }
  const { peerId, listening } = dictionary
  tell({ event: 'listening', peerId, addresses: listening })
  return follow(dictionary, tell)
}
