/**
 * Replicas in processes of their own, all connected to all. They run what the package ships: plain
 * JavaScript, for a loader that compiles on the way adds work to every function that is made.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Commands, Used } from './commands.ts'
import { PLAIN, type Way } from './way.ts'

/** How long a command may take, in milliseconds. */
const ANSWER_MS_MAX = 120_000
/** How long replicas are left alone after they met, in milliseconds. */
const SETTLE_MS = 300

export const SYSTEMS = ['raw', 'holdfast'] as const
export type SystemName = (typeof SYSTEMS)[number]

/** A program whose processes are replicas: where its source is, and where it is built. */
export interface Program {
  readonly source: URL
  readonly folder: URL
}

const OWN: Program = {
  source: new URL('replica.ts', import.meta.url),
  folder: new URL('../dist/bench/', import.meta.url),
}

/** What a crew runs: one of ours, or another system by the program that knows it. */
export type Cast = SystemName | Foreign

export interface Foreign {
  readonly name: string
  readonly program: Program
  /** Where all replicas meet, if not at each other. */
  readonly hub: string | undefined
}

const built = new Map<string, Promise<string>>()

/** The program as one file of plain JavaScript. Packages stay what they are. */
export function builtProgram({ source, folder }: Program): Promise<string> {
  const known = built.get(source.href)
  if (known !== undefined) return known
  const path = fileURLToPath(folder)
  mkdirSync(path, { recursive: true })
  const bundle = `${path}${basename(source.pathname, '.ts')}-${process.pid}.mjs`
  process.once('exit', () => rmSync(bundle, { force: true }))
  const building = bundled(fileURLToPath(source), bundle).then(() => bundle)
  built.set(source.href, building)
  return building
}

function bundled(source: string, bundle: string): Promise<unknown> {
  return build({
    entryPoints: [source],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2023',
    packages: 'external',
    logLevel: 'error',
  })
}

export class Replica {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.name = name
  }

  static async start(cast: Cast, name: string, way: Way): Promise<Replica> {
    const [program, system] =
      typeof cast === 'string' ? [OWN, cast] : ([cast.program, cast.name] as const)
    const bundle = await builtProgram(program)
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
      const fail = (why: string) => {
        settle()
        reject(new Error(why))
      }
      const ended = () => fail(`${this.name} ended`)
      const settle = () => {
        clearTimeout(timer)
        child.off('message', listen)
        child.off('exit', ended)
      }
      const timer = setTimeout(() => fail(`not done in ${ANSWER_MS_MAX / 1_000} s`), ANSWER_MS_MAX)
      child.on('message', listen)
      child.on('exit', ended)
    })
  }
}

/** Several replicas of one system. The first one writes. */
export class Crew {
  readonly replicas: Replica[] = []
  readonly addresses: string[] = []
  /** The name of what all run. */
  readonly system: string
  readonly #cast: Cast
  readonly #way: Way

  private constructor(cast: Cast, way: Way) {
    this.system = typeof cast === 'string' ? cast : cast.name
    this.#cast = cast
    this.#way = way
  }

  /** Starts so many replicas and connects each to all others. */
  static async meet(cast: Cast, count: number, way: Way = PLAIN): Promise<Crew> {
    const crew = new Crew(cast, way)
    try {
      for (let number = 0; number < count; number++) await crew.add()
      await crew.untilMet()
      return crew
    } catch (error) {
      crew.stop()
      throw error
    }
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
    const isHub = this.#hub !== undefined
    const addresses = isHub ? this.addresses.slice(-1) : this.addresses.slice(0, -1)
    for (const address of addresses) await replica.call('connect', address)
    return replica
  }

  /** One more replica that is connected to nobody yet. */
  async addAlone(): Promise<Replica> {
    const replica = await Replica.start(this.#cast, `peer${this.replicas.length}`, this.#way)
    this.replicas.push(replica)
    const address = await replica.call('open', undefined as never)
    this.addresses.push(this.#hub ?? address)
    return replica
  }

  get #hub(): string | undefined {
    return typeof this.#cast === 'string' ? undefined : this.#cast.hub
  }

  async untilMet(): Promise<void> {
    const end = performance.now() + ANSWER_MS_MAX
    for (const replica of this.replicas) {
      while ((await replica.call('neighbours', undefined as never)) < this.replicas.length - 1) {
        if (performance.now() > end) throw new Error(`Not all of ${this.system} have met.`)
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
