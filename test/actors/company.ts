/**
 * Dictionaries for one test, over real loopback TCP and in real time: the waits end as soon as what
 * they wait for has happened. Whatever was opened is closed when the test ends, however it ends.
 */

import type { Announcement, ErrorCode } from 'holdfast'
import { Dictionary, HoldfastError, type OpenOptions, openDictionary } from 'holdfast'
import * as assert from 'uvu/assert'
import '../secret.ts'

/** How long a test waits for anything, in milliseconds. */
const UNTIL_MS_MAX = 5_000
const LOOK_MS = 1
/** How often it is looked at least, however slow the machine is. */
const LOOKS_MIN = 100

export class Company {
  readonly #open: Dictionary[] = []

  /** One dictionary that nobody can reach. */
  async alone<V = unknown>(options: OpenOptions = {}): Promise<Dictionary<V>> {
    const dictionary = await openDictionary<V>({ peerId: 'alice', network: 'lab', ...options })
    this.#open.push(dictionary as Dictionary)
    return dictionary
  }

  /** One dictionary that others can dial. */
  listening<V = unknown>(options: OpenOptions = {}): Promise<Dictionary<V>> {
    return this.alone<V>({ listen: ['tcp://127.0.0.1:0'], ...options })
  }

  /** Alice listens, bob has dialled her, and data flows both ways. */
  async two<V = unknown>(
    options: OpenOptions = {},
  ): Promise<{ alice: Dictionary<V>; bob: Dictionary<V>; address: string }> {
    const alice = await this.listening<V>(options)
    const bob = await this.alone<V>({ ...options, peerId: 'bob' })
    const address = addressOf(alice)
    await bob.connect(address)
    await until(() => alice.peers.length === 1)
    return { alice, bob, address }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((dictionary) => dictionary.close()))
  }
}

/** Runs a scene with a company that is closed afterwards. */
export function withCompany(scene: (company: Company) => Promise<void>): () => Promise<void> {
  return async () => {
    const company = new Company()
    try {
      await scene(company)
    } finally {
      await company.close()
    }
  }
}

export function addressOf(dictionary: { readonly listening: readonly string[] }): string {
  const [address] = dictionary.listening
  assert.ok(address, 'it listens nowhere')
  return address
}

export async function until(condition: () => boolean, msMax = UNTIL_MS_MAX): Promise<void> {
  const startMs = performance.now()
  // A process that stood still meanwhile has waited for nothing.
  for (let looks = 0; !condition(); looks++) {
    const isLate = performance.now() - startMs > msMax && looks > LOOKS_MIN
    if (isLate) throw new Error(`Never: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Until both hold the same, and all that was under way has been told. */
export async function untilEqual(one: Dictionary<never>, other: Dictionary<never>): Promise<void> {
  await until(() => one.digest() === other.digest())
}

/** What was told, as it is told. */
export function listen<Type extends Announcement['type']>(
  dictionary: Dictionary<never>,
  ...types: Type[]
): Extract<Announcement, { type: Type }>[] {
  const heard: Extract<Announcement, { type: Type }>[] = []
  for (const type of types) dictionary.on(type, (fact) => heard.push(fact as never))
  return heard
}

/** Facts are told when the present call stack is done. */
export function told(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Runs what must be refused, and returns the error after looking at its code. */
export function refused(code: ErrorCode, act: () => unknown): HoldfastError {
  try {
    act()
  } catch (error) {
    return requireCode(error, code)
  }
  throw new Error(`Not refused; ${code} was expected.`)
}

/** The same for what rejects. */
export async function rejected(code: ErrorCode, promise: Promise<unknown>): Promise<HoldfastError> {
  let found: unknown
  try {
    found = await promise
  } catch (error) {
    return requireCode(error, code)
  }
  // What should not have opened would keep the process, and nobody would read what failed.
  if (found instanceof Dictionary) await found.close()
  throw new Error(`Not rejected; ${code} was expected.`)
}

function requireCode(error: unknown, code: ErrorCode): HoldfastError {
  if (!(error instanceof HoldfastError)) throw error
  assert.is(error.code, code, error.message)
  return error
}
