/**
 * `holdfast run` in processes of their own, the log that their commands write, and a connection
 * between them that can be cut.
 *
 * The clock of the log is `process.hrtime`, which is one for all processes of a machine.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signalGroup } from '../../bin/order.ts'
import { startWordsOf } from '../bundle.ts'
import '../secret.ts'

const HOLDFAST = await startWordsOf('bin/holdfast.ts', 'bin/supervisor.ts')
/** How long a process may live. */
const LIFE_MS_MAX = 60_000
const LOOK_MS = 10

/**
 * A command that writes to the log that it lives, every few milliseconds, and does not listen to
 * SIGTERM. With `family`, it has a child that does the same.
 */
const WORKER = `
const { appendFileSync } = require('node:fs')
const [log, livesMs, family] = process.argv.slice(1)
const say = (word) => appendFileSync(log, [
  Number(process.hrtime.bigint()) / 1e6, word, process.env.NAME, process.env.HOLDFAST_KEY,
  process.env.HOLDFAST_TOKEN, process.pid, process.ppid,
].join(' ') + '\\n')
process.on('SIGTERM', () => say('asked'))
say('start')
if (family) require('node:child_process').spawn(
  process.execPath, ['-e', process.env.WORKER, log, livesMs], { stdio: 'inherit' })
setInterval(() => say('beat'), 2)
setTimeout(() => { say('end'); process.exit(0) }, Number(livesMs))
`

/** One line of the log. */
export interface Line {
  readonly atMs: number
  readonly word: string
  readonly name: string
  readonly token: number
  readonly pid: number
  readonly parent: number
  readonly key: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** All processes of one round, with their log. */
export class Crew {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-run-'))
  readonly #hands: Hand[] = []
  readonly #lines: Line[] = []
  #readBytes = 0
  readonly #gates: Gate[] = []

  constructor() {
    writeFileSync(this.#log, '')
  }

  get #log(): string {
    return join(this.folder, 'log')
  }

  /** Starts `holdfast` with these words. */
  start(name: string, ...words: readonly string[]): Hand {
    return this.startWith({}, name, ...words)
  }

  startWith(environment: NodeJS.ProcessEnv, name: string, ...words: readonly string[]): Hand {
    const hand = new Hand(name, words, environment)
    this.#hands.push(hand)
    return hand
  }

  /** The words of a command that lives so long. */
  worker(livesMs: number, family = ''): string[] {
    return ['--', process.execPath, '-e', WORKER, this.#log, String(livesMs), family]
  }

  async gate(port: number): Promise<Gate> {
    const gate = await Gate.open(port)
    this.#gates.push(gate)
    return gate
  }

  lines(word?: string): Line[] {
    this.#readOn()
    return this.#lines.filter((line) => word === undefined || line.word === word)
  }

  /** Reads what was written since the last time: the commands say every moment that they live. */
  #readOn(): void {
    const file = openSync(this.#log, 'r')
    const bytes = Buffer.alloc(fstatSync(file).size - this.#readBytes)
    const count = readSync(file, bytes, 0, bytes.length, this.#readBytes)
    closeSync(file)
    // A line is there when its end is.
    const whole = bytes.subarray(0, count).lastIndexOf('\n') + 1
    this.#readBytes += whole
    const texts = bytes.toString('utf8', 0, whole).split('\n').filter(Boolean)
    this.#lines.push(...texts.map(lineOf))
  }

  /** Waits until somebody of this name has written this word. */
  async until(name: string, word: string): Promise<Line> {
    for (;;) {
      const line = this.lines(word).find((each) => each.name === name)
      if (line !== undefined) return line
      const hand = this.#hands.find((each) => each.name === name)
      if (hand?.hasEnded) throw new Error(`${name} ended without '${word}': ${hand.errors}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /**
   * The least time between the last sign of life of one command and the first of another, in
   * milliseconds; negative if they overlapped.
   */
  gapMs(): number {
    const lives = new Map<string, { first: number; last: number }>()
    for (const { name, token, atMs } of this.lines()) {
      const life = lives.get(`${name} ${token}`) ?? { first: atMs, last: atMs }
      lives.set(`${name} ${token}`, {
        first: Math.min(life.first, atMs),
        last: Math.max(life.last, atMs),
      })
    }
    const inOrder = [...lives.values()].sort((one, other) => one.first - other.first)
    const gaps = inOrder.slice(1).map(({ first }, index) => first - (inOrder[index]?.last ?? 0))
    return Math.min(...gaps, Number.POSITIVE_INFINITY)
  }

  async end(): Promise<void> {
    for (const hand of this.#hands) hand.signal('SIGKILL')
    // A supervisor that was stopped for a test that then failed would stay so for ever.
    for (const group of new Set(this.lines('start').map(({ parent }) => parent))) {
      signalGroup(group, 'SIGKILL')
    }
    for (const gate of this.#gates) gate.close()
    await Promise.all(this.#hands.map(({ exited }) => exited))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function lineOf(text: string): Line {
  const [at, word = '', name = '', key = '', ...numbers] = text.split(' ')
  const [token = 0, pid = 0, parent = 0] = numbers.map(Number)
  return { atMs: Number(at), word, name, key, token, pid, parent }
}

/** One process of holdfast. */
export class Hand {
  readonly name: string
  readonly exited: Promise<Exit>
  hasEnded = false
  output = ''
  errors = ''
  readonly #child: ChildProcess

  constructor(name: string, words: readonly string[], environment: NodeJS.ProcessEnv) {
    this.name = name
    const child = spawn(process.execPath, [...HOLDFAST, ...words], {
      env: { ...process.env, NAME: name, WORKER, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIFE_MS_MAX)
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearTimeout(timer)
        this.hasEnded = true
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Waits until it has said this on standard error. */
  async says(words: string): Promise<void> {
    while (!this.errors.includes(words)) {
      if (this.hasEnded) throw new Error(`${this.name} did not say '${words}': ${this.errors}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** A port that leads to another one, until it is shut: then nothing comes through, nor an end. */
export class Gate {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as { port: number }).port
  }

  static async open(target: number): Promise<Gate> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const gate = new Gate(server)
    server.on('connection', (near) => gate.#join(near, connect(target, '127.0.0.1')))
    return gate
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.on('data', (bytes) => {
        if (!this.isShut) other.write(bytes)
      })
      one.on('error', () => {})
      one.on('close', () => {
        if (!this.isShut) other.destroy()
      })
    }
  }

  isShut = false

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
