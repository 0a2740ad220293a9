/**
 * Two commands under one key, and something that goes wrong with the process that guards the first:
 * the second must not start before the first is dead. Run by itself it plays so many rounds:
 *
 * npx tsx test/bin/overlap.ts --rounds 100
 */

import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort } from '../freePort.ts'
import { Crew, type Hand } from './crew.ts'

const TERM_MS = 2_500
/** The first command would live longer than any round. */
const LIFE_MS = 50_000

export const MISHAPS = [
  'stopped',
  'killed',
  'cut',
  'cut and unsupervised',
  'start together',
] as const
export type Mishap = (typeof MISHAPS)[number]

export interface Round {
  readonly mishap: Mishap
  /** From the last sign of life of the first command to the first of the second, milliseconds. */
  readonly gapMs: number
  /** The exit statuses of the first and the second holdfast; null for a signal. */
  readonly codes: readonly (number | null)[]
  readonly tokens: readonly number[]
  /** What the log has: `alice start`, `bob end`. */
  readonly words: ReadonlySet<string>
}

export async function playRound(mishap: Mishap, pauseMs: number): Promise<Round> {
  const crew = new Crew()
  try {
    return await play(crew, mishap, pauseMs)
  } finally {
    await crew.end()
  }
}

async function play(crew: Crew, mishap: Mishap, pauseMs: number): Promise<Round> {
  const alicePort = await freePort()
  const bobPort = await freePort()
  const gate = await crew.gate(alicePort)
  const words = ['run', 'job', '--term', `${TERM_MS}`, '--wait', '40s', '--verbose']
  const alices = [...words, '--listen', at(alicePort), '--advertise', at(gate.port)]
  const bobs = [...words, '--listen', at(bobPort), '--join', at(gate.port)]
  if (mishap === 'start together') {
    const alice = crew.start('alice', ...alices, '--join', at(bobPort), ...crew.worker(100))
    return conclude(crew, { mishap, alice, bob: crew.start('bob', ...bobs, ...crew.worker(100)) })
  }
  const alice = crew.start('alice', ...alices, '--settle', '0', ...crew.worker(LIFE_MS, 'family'))
  const { parent: supervisor } = await crew.until('alice', 'start')
  // Longer than a term, so that bob has to renew while alice is silent.
  const bob = crew.start('bob', ...bobs, ...crew.worker(TERM_MS * 1.5))
  await bob.says('is held by')
  await pause(pauseMs)
  if (mishap === 'killed') alice.signal('SIGKILL')
  else if (mishap === 'stopped') alice.signal('SIGSTOP')
  else gate.isShut = true
  if (mishap === 'cut and unsupervised') process.kill(supervisor, 'SIGSTOP')
  await crew.until('bob', 'start')
  alice.signal('SIGCONT')
  return conclude(crew, { mishap, alice, bob })
}

async function conclude(
  crew: Crew,
  { mishap, alice, bob }: { mishap: Mishap; alice: Hand; bob: Hand },
): Promise<Round> {
  const codes = [(await alice.exited).code, (await bob.exited).code]
  const tokens = crew.lines('start').map(({ token }) => token)
  const words = new Set(crew.lines().map(({ name, word }) => `${name} ${word}`))
  return { mishap, gapMs: crew.gapMs(), codes, tokens, words }
}

function at(port: number): string {
  // What goes through a gate has other addresses at each end, which only TLS does not mind.
  return `tls://127.0.0.1:${port}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await playMany()

async function playMany(): Promise<void> {
  const options = { rounds: { type: 'string', default: '50' } } as const
  const { values } = parseArgs({ options })
  const gaps = new Map<Mishap, number[]>()
  for (let number = 0; number < Number(values.rounds); number++) {
    const mishap = MISHAPS[number % MISHAPS.length] as Mishap
    const { gapMs, codes, tokens } = await playRound(mishap, (number * 97) % TERM_MS)
    gaps.set(mishap, [...(gaps.get(mishap) ?? []), gapMs])
    console.log(`${mishap}: ${gapMs.toFixed(1)} ms, exits ${codes}, tokens ${tokens}`)
  }
  for (const [mishap, all] of gaps) {
    const overlaps = all.filter((gapMs) => gapMs <= 0).length
    const [least, most] = [Math.min(...all), Math.max(...all)].map((gapMs) => gapMs.toFixed(1))
    console.log(`${mishap}: ${all.length} rounds, gap ${least} to ${most} ms, ${overlaps} overlaps`)
    if (overlaps > 0) process.exitCode = 1
  }
}
