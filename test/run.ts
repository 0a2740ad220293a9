/**
 * The test runner. `npm test` runs all; `npm test -- lease tcp` the files whose path holds a word.
 *
 * Every file runs in a process of its own, several at a time, because uvu has no limit of time,
 * runs all files in one process, and ends well when no test ran. All are compiled at once
 * beforehand, since to load the sources one by one takes longer than most tests do. Each of these
 * is a failure: a file that ran no test, that exits with an error, that is still running at its
 * limit, or that does not end by itself after its last test, since then it left a socket or a timer
 * open.
 *
 * The last line is `N passed, N failed`, and `, N skipped` where some were.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { startWords } from './bundle.ts'
import { lanesOf } from './order.ts'
import './secret.ts'

/** How many files run at once that compute, and that mostly wait, while there are both. */
const COMPUTING_AT_ONCE_MAX = 2
const WAITING_AT_ONCE_MAX = 2
/** How long one file may take in all. */
const FILE_MS_MAX = 240_000
/** How long a process may live on after its last test. */
const EXIT_MS_MAX = 5_000
/** What is kept of one file's output: its end, where the failures and the totals are. */
const OUTPUT_CHARACTERS_MAX = 1024 * 1024
/** How far from the end of the output the totals are looked for while it grows. */
const TOTALS_CHARACTERS_MAX = 4096

interface Options {
  /** The folder that is searched for files that end in `.test.ts`. */
  readonly folder: string
  /** A file runs when its path holds one of these; without any, all files run. */
  readonly filters: readonly string[]
  readonly fileMsMax: number
  readonly exitMsMax: number
}

interface Totals {
  readonly total: number
  readonly passed: number
  readonly skipped: number
}

/** How one process ended, before anybody judged it. */
interface Ending {
  readonly output: string
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Why the runner ended the process, if it did. */
  readonly killed?: string
  readonly elapsedMs: number
}

interface Result {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What went wrong with the file as a whole, in sentences. */
  readonly complaints: readonly string[]
}

const running = new Set<ChildProcess>()

process.exitCode = (await runAll(readOptions())) ? 0 : 1

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      folder: { type: 'string', default: 'test' },
      'file-ms-max': { type: 'string', default: String(FILE_MS_MAX) },
      'exit-ms-max': { type: 'string', default: String(EXIT_MS_MAX) },
    },
  })
  return {
    folder: resolve(values.folder),
    filters: positionals,
    fileMsMax: Number(values['file-ms-max']),
    exitMsMax: Number(values['exit-ms-max']),
  }
}

async function runAll(options: Options): Promise<boolean> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal))
  const files = findFiles(options)
  const words = await startWords({ files })
  const { waiting, computing } = lanesOf(files.map(shown))
  const sum = { passed: 0, failed: 0, skipped: 0 }
  const work = async (own: string[], others: string[]) => {
    const next = () => own.shift() ?? others.shift()
    for (let path = next(); path !== undefined; path = next()) {
      const ending = await runFile(words.get(resolve(path)) ?? [], options)
      const result = judge(ending)
      report(path, result, ending)
      sum.passed += result.passed
      sum.failed += result.failed
      sum.skipped += result.skipped
    }
  }
  await Promise.all([
    ...Array.from({ length: COMPUTING_AT_ONCE_MAX }, () => work(computing, waiting)),
    ...Array.from({ length: WAITING_AT_ONCE_MAX }, () => work(waiting, computing)),
  ])
  if (sum.passed + sum.failed === 0) {
    console.log('\nNo test ran.')
    sum.failed = 1
  }
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''
  console.log(`\n${sum.passed} passed, ${sum.failed} failed${skipped}`)
  return sum.failed === 0
}

function findFiles({ folder, filters }: Options): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path))
    .filter((path) => filters.length === 0 || filters.some((word) => shown(path).includes(word)))
}

function shown(path: string): string {
  return relative(process.cwd(), path).replaceAll('\\', '/')
}

function runFile(words: readonly string[], { fileMsMax, exitMsMax }: Options): Promise<Ending> {
  // A group of its own, so that the kill reaches what the file started as well.
  const child = spawn(process.execPath, words, {
    detached: true,
    env: process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const startedAt = performance.now()
  return new Promise((done) => {
    let output = ''
    let killed: string | undefined
    let exitTimer: NodeJS.Timeout | undefined
    const kill = (why: string) => {
      killed ??= why
      killGroup(child)
    }
    const expectExit = (why: string) => {
      exitTimer ??= setTimeout(kill, exitMsMax, why)
    }
    const listen = (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX)
      if (readTotals(output.slice(-TOTALS_CHARACTERS_MAX)).length > 0)
        expectExit(leakText(exitMsMax))
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    const fileTimer = setTimeout(kill, fileMsMax, `Killed: still running after ${fileMsMax} ms.`)
    child.on('error', (error) => kill(`The process did not start: ${error.message}`))
    child.on('exit', () => expectExit('It ended, but a process that it started lives on.'))
    child.on('close', (exitCode, signal) => {
      clearTimeout(fileTimer)
      clearTimeout(exitTimer)
      running.delete(child)
      const elapsedMs = performance.now() - startedAt
      done({ output, exitCode, signal, elapsedMs, ...(killed !== undefined && { killed }) })
    })
  })
}

function leakText(exitMsMax: number): string {
  const what = 'a socket, a timer or a child process that they left open kept the process alive'
  return `Leaked handle: ${exitMsMax} ms after the last test ${what}. Close it in the test.`
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // There are no groups on Windows, and no group is left when all its processes have ended.
    child.kill('SIGKILL')
  }
}

/** The blocks `Total: n Passed: n Skipped: n` that uvu ends with, in order. */
function readTotals(output: string): Totals[] {
  const block = /^ *Total: +(\d+)\n *Passed: +(\d+)\n *Skipped: +(\d+)$/gm
  return [...stripVTControlCharacters(output).matchAll(block)].map((match) => ({
    total: Number(match[1]),
    passed: Number(match[2]),
    skipped: Number(match[3]),
  }))
}

function judge(ending: Ending): Result {
  const all = readTotals(ending.output)
  const { total, passed, skipped } = all.at(-1) ?? { total: 0, passed: 0, skipped: 0 }
  const complaints: string[] = []
  if (ending.killed !== undefined) complaints.push(ending.killed)
  else if (ending.signal !== null) complaints.push(`Ended by ${ending.signal}.`)
  else if (ending.exitCode !== 0 && total === passed) {
    complaints.push(`Exited with code ${ending.exitCode}, though no test had failed.`)
  }
  if (all.length > 1) {
    complaints.push('uvu started twice: call run() on every suite before the first await.')
  }
  if (total + skipped === 0) complaints.push('No test ran. Does every suite call run()?')
  // An error thrown in a `before` hook leaves the exit code at 0; only the numbers tell of it.
  const failed = total - passed
  return { passed, failed: Math.max(failed, complaints.length > 0 ? 1 : 0), skipped, complaints }
}

function report(file: string, result: Result, { output, elapsedMs }: Ending): void {
  const word = result.failed > 0 ? 'not ok' : 'ok'
  const counts = [`${result.passed} passed`]
  if (result.failed > 0) counts.push(`${result.failed} failed`)
  if (result.skipped > 0) counts.push(`${result.skipped} skipped`)
  console.log(`${word} ${file} (${counts.join(', ')}, ${(elapsedMs / 1000).toFixed(1)} s)`)
  if (result.failed === 0) return
  for (const complaint of result.complaints) console.log(`    ${complaint}`)
  console.log(output.trimEnd().replace(/^/gm, '    | '))
}

function stop(signal: 'SIGINT' | 'SIGTERM'): void {
  for (const child of running) killGroup(child)
  process.exit(signal === 'SIGINT' ? 130 : 143)
}
