/**
 * Drawn frames to a dictionary that is alive, over real loopback TCP, from strangers and from a
 * peer that went bad: its own connection may end, and nothing else may happen.
 */

import type { Dictionary } from 'holdfast'
import { decode } from '../../transport/codec.ts'
import { Company, listen, until } from '../actors/company.ts'
import { Stranger } from '../actors/stranger.ts'
import type { Outcome } from './decoding.ts'
import { type Chance, drawBody, SPEAKER } from './frames.ts'

/** After so many visits the dictionaries are new, and so is the port. */
const VISITS_MAX = 3_000
/** How many visitors come at once. */
const VISITORS = 16
/**
 * When a connection that is to end counts as hanging, in milliseconds. Mostly it takes 30, and on a
 * machine that ten other programs keep busy up to five seconds were seen.
 */
const HANG_MS = 60_000
/** How many frames one peer sends at most. */
const VISIT_FRAMES_MAX = 32

/** Loopback is one address, and here it comes as often as it likes. */
const HOSPITABLE = { handshakesPerSecondMax: 1e6, handshakesPerAddressMax: 1e3 }

interface Visit {
  readonly frames: number
  readonly random: Chance
  /** True if the visitor is a peer when it begins. */
  readonly isPeer: boolean
}

/** Sends so many frames, counted up to the one that ends each visit. */
export async function fuzzVisiting({ frames, random, isPeer }: Visit): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, faults: [] }
  let left = frames
  while (left > 0 && outcome.faults.length === 0) {
    const company = new Company()
    const { alice, bob, address } = await company.two({ limits: HOSPITABLE })
    const errors = [...['error' as const].map((type) => listen(alice as never, type))].flat()
    let visits = 0
    const visitor = async () => {
      while (left > 0 && visits < VISITS_MAX) {
        visits += 1
        const sent = await visit(address, { frames: left, random, isPeer }, outcome)
        left -= sent
      }
    }
    await Promise.all(Array.from({ length: VISITORS }, visitor))
    await judge({ alice, bob, errors }, outcome)
    await company.close()
  }
  return outcome
}

/** One visit. Returns how many frames were read. */
async function visit(
  address: string,
  { frames, random, isPeer }: Visit,
  outcome: Outcome,
): Promise<number> {
  const stranger = await Stranger.dial(address)
  try {
    if (isPeer) await stranger.join({ peerId: `0-stranger-${random()}` as never })
    else if (random() < 0.5) stranger.preamble()
    else stranger.preamble().hello({ peerId: `0-stranger-${random()}` as never })
  } catch {
    // Four strangers can have one name, and a fifth is told that it is busy.
    stranger.destroy()
    return 0
  }
  let sent = 0
  let isOver = false
  let last = ''
  const from = isPeer ? SPEAKER : undefined
  while (!isOver && sent < Math.min(frames, isPeer ? VISIT_FRAMES_MAX : 1)) {
    const { kind, bytes } = drawBody(random)
    if (bytes.length === 0) continue
    stranger.frame(bytes)
    sent += 1
    last = `${kind}: ${[...bytes.slice(0, 99)]}`
    isOver = decode(Uint8Array.from([0, 0, 0, 0, ...bytes]), from) === undefined
    if (!isOver) outcome.passed += 1
  }
  try {
    if (isOver) await until(() => stranger.isClosed, HANG_MS)
  } catch {
    outcome.faults.push(`alice keeps the connection open that brought her (${last})`)
  }
  stranger.destroy()
  return sent
}

async function judge(
  { alice, bob, errors }: { alice: Dictionary; bob: Dictionary; errors: readonly unknown[] },
  outcome: Outcome,
): Promise<void> {
  if (alice.status !== 'nominal' || errors.length > 0) {
    outcome.faults.push(`alice: ${JSON.stringify(alice.status)} ${String(errors[0])}`)
  }
  const key = `after ${Math.floor(performance.now())}`
  bob.set(key, 1)
  try {
    await until(() => alice.get(key) === 1)
  } catch {
    outcome.faults.push('alice hears bob no more')
  }
}
