/**
 * Replicas in processes of their own, all connected to all. They run what the package ships: plain
 * JavaScript, for a loader that compiles on the way adds work to every function that is made.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Commands, Used } from './replica.ts'
import { PLAIN, type Way } from './way.ts'

/** How long a command may take, in milliseconds. */
const ANSWER_MS_MAX = 120_000
/** How long replicas are left alone after they met, in milliseconds. */
const SETTLE_MS = 300

export const SYSTEMS = ['raw', 'holdfast'] as const
export type SystemName = (typeof SYSTEMS)[number]

const folder = fileURLToPath(new URL('../dist/bench/', import.meta.url))
const bundle = `${folder}replica-${process.pid}.mjs`
let built: Promise<unknown> | undefined
process.once('exit', () => rmSync(bundle, { force: true }))

/** The replica as one file of plain JavaScript. Packages stay what they are. */
function builtReplica(): Promise<unknown> {
  built ??= build({
    entryPoints: [fileURLToPath(new URL('replica.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2023',
    packages: 'external',
    logLevel: 'error',
  })
  return built
}

export class Replica {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.name = name
  }

  static async start(system: SystemName, name: string, way: Way): Promise<Replica> {
    mkdirSync(folder, { recursive: true })
    await builtReplica()
    const execArgv = ['--expose-gc', '--max-old-space-size=4096']
    const replica = new Replica(
      fork(bundle, [system, name, JSON.stringify(way)], { execArgv }),
      name,
    )
    await replica.#next('ready')
    return replica
  }

  async call<Name extends keyof Commands>(
    name: Name,
    input: Parameters<Commands[Name]>[0],
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const answer = this.#next(name)
    this.#child.send({ name, input: input ?? {} })
    return (await answer) as Awaited<ReturnType<Commands[Name]>>
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  #next(name: string): Promise<unknown> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const listen = (message: unknown) => {
        const told = message as { name: string; result?: unknown }
        if (told.name !== name) return
        settle()
        resolve(told.result)
      }
      const fail = () => {
        settle()
        reject(new Error(`${this.name} did not answer '${name}'.`))
      }
      const settle = () => {
        clearTimeout(timer)
        child.off('message', listen)
        child.off('exit', fail)
      }
      const timer = setTimeout(fail, ANSWER_MS_MAX)
      child.on('message', listen)
      child.on('exit', fail)
    })
  }
}

/** Several replicas of one system. The first one writes. */
export class Crew {
  readonly replicas: Replica[] = []
  readonly addresses: string[] = []
  readonly system: SystemName
  readonly #way: Way

  private constructor(system: SystemName, way: Way) {
    this.system = system
    this.#way = way
  }

  /** Starts so many replicas and connects each to all others. */
  static async meet(system: SystemName, count: number, way: Way = PLAIN): Promise<Crew> {
    const crew = new Crew(system, way)
    for (let number = 0; number < count; number++) await crew.add()
    await crew.untilMet()
    return crew
  }

  get writer(): Replica {
    return this.replicas[0] as Replica
  }

  get readers(): Replica[] {
    return this.replicas.slice(1)
  }

  /** One more replica, connected to all that are there. */
  async add(): Promise<Replica> {
    const replica = await this.addAlone()
    for (const address of this.addresses.slice(0, -1)) await replica.call('connect', address)
    return replica
  }

  /** One more replica that is connected to nobody yet. */
  async addAlone(): Promise<Replica> {
    const replica = await Replica.start(this.system, `peer${this.replicas.length}`, this.#way)
    this.replicas.push(replica)
    this.addresses.push(await replica.call('open', undefined as never))
    return replica
  }

  async untilMet(): Promise<void> {
    for (const replica of this.replicas) {
      while ((await replica.call('neighbours', undefined as never)) < this.replicas.length - 1) {
        await pause(10)
      }
    }
    await pause(SETTLE_MS)
  }

  /** From now on count what is used; `used` tells. */
  async mark({ isProfiled = false } = {}): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.call('mark', { isProfiled })))
  }

  used(pathOf: (replica: Replica) => string | undefined = () => undefined): Promise<Used[]> {
    const all = this.replicas.map((each) => each.call('used', { profilePath: pathOf(each) }))
    return Promise.all(all)
  }

  stop(): void {
    for (const replica of this.replicas) replica.stop()
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
