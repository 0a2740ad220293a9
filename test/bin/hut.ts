/**
 * A folder in which `holdfast` is a command, compiled once, with a network of its own. What is
 * typed there runs in processes of its own.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundlePrograms } from '../bundle.ts'
import { freePort } from '../freePort.ts'

/** How long a process may live. */
const LIFE_MS_MAX = 60_000
/** The same of one that others visit. */
const STAY_MS_MAX = 200_000
const LOOK_MS = 10

export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

export class Hut {
  /** Where the peers of this network meet. */
  readonly address: string
  readonly folder: string
  readonly #stays = new Set<ChildProcess>()

  private constructor(folder: string, address: string) {
    this.folder = folder
    this.address = address
  }

  static async build(): Promise<Hut> {
    mkdirSync('.tmp', { recursive: true })
    // Inside the project, so that the packages are found.
    const folder = mkdtempSync(resolve('.tmp', 'hut-'))
    const source = 'bin/holdfast.ts'
    const files = [source, 'bin/supervisor.ts']
    const programs = await bundlePrograms({ files, folder: join(folder, 'dist'), place: 'built' })
    copyFileSync('package.json', join(folder, 'package.json'))
    const command = join(folder, 'holdfast')
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${programs.get(source)}' "$@"\n`)
    chmodSync(command, 0o755)
    return new Hut(folder, `tcp://127.0.0.1:${await freePort()}`)
  }

  /** Types a line into a shell, and waits for its end. */
  type(line: string, environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return new Promise((done) => {
      const options = { ...this.#place(environment), timeout: LIFE_MS_MAX }
      execFile('bash', ['-c', line], options, (error, output, errors) => {
        done({ code: error === null ? 0 : Number(error.code ?? -1), output, errors })
      })
    })
  }

  /** Starts a command that stays. */
  stay(...words: readonly string[]): Stay {
    const child = spawn(join(this.folder, 'holdfast'), words, {
      ...this.#place({}),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#stays.add(child)
    return new Stay(child)
  }

  async end(): Promise<void> {
    for (const child of this.#stays) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #place(environment: NodeJS.ProcessEnv) {
    const PATH = `${this.folder}:${process.env.PATH}`
    const own = { HOLDFAST_JOIN: this.address, HOLDFAST_TIMEOUT: '20s' }
    return { cwd: this.folder, env: { ...process.env, ...own, PATH, ...environment } }
  }
}

/** A command that stays until it is interrupted. */
export class Stay {
  output = ''
  errors = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  #hasEnded = false

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), STAY_MS_MAX)
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        clearTimeout(timer)
        this.#hasEnded = true
        resolve(code)
      })
    })
  }

  /** Waits until it has printed this. */
  async says(words: string | RegExp): Promise<void> {
    const isSaid = () =>
      typeof words === 'string' ? this.output.includes(words) : words.test(this.output)
    while (!isSaid()) {
      if (this.#hasEnded) throw new Error(`It never said ${words}: ${this.output}${this.errors}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
