/**
 * The quick starts, timed from an empty folder: packs, installs, runs the twelve lines that the
 * first steps begin with, then those of the README in two terminals, and says how many seconds all
 * that took. Needs a fresh `npm run build`. The last line is `N passed, N failed`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findBlocks } from '../house/readme.ts'

/** How long one line may take. */
const LINE_MS_MAX = 180_000
const LOOK_MS = 50
/** The first program that somebody saves may have so many lines. */
const PROGRAM_LINES_MAX = 12
const PROGRAM = 'doors.mjs'
const HEADING = '## holdfast, the command'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-quick-'))
const counts = { passed: 0, failed: 0 }
let first: ChildProcess | undefined

try {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse(execute('npm', pack, resolve('.'))) as { filename: string }[]
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const startedAt = performance.now()
  const beside = [`./${packed?.filename}`, `xstate@${devDependencies.xstate}`]
  await line('npm i holdfast xstate', () => {
    execute('npm', ['install', '--no-audit', '--no-fund', ...beside], folder)
  })
  const installedAt = performance.now()
  await line(`node ${PROGRAM}`, runProgram)
  for (const text of linesOf(readFileSync('README.md', 'utf8'))) {
    await play(text)
  }
  const seconds = (ms: number) => (ms / 1_000).toFixed(1)
  const whole = seconds(performance.now() - startedAt)
  console.log(`${whole} s in all, ${seconds(installedAt - startedAt)} s of it npm`)
} finally {
  first?.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 && counts.passed > 1 ? 0 : 1

/** The program is saved as it stands, and prints what stands below it. */
function runProgram(): void {
  const path = 'docs/tutorial/first-steps.md'
  const { blocks } = findBlocks({ path, text: readFileSync(path, 'utf8') })
  const text = blocks.find(({ language }) => language === 'js')?.text.trimEnd() ?? ''
  const lines = text.split('\n')
  const program = lines.filter((each) => !each.startsWith('// ->'))
  const promised = lines.filter((each) => each.startsWith('// ->')).map((each) => each.slice(6))
  if (program.length > PROGRAM_LINES_MAX) throw new Error(`It has ${program.length} lines.`)
  writeFileSync(join(folder, PROGRAM), text)
  const output = execute(process.execPath, [PROGRAM], folder).trimEnd()
  console.log(output.replace(/^/gm, '    '))
  if (output !== promised.join('\n')) throw new Error(`It does not print ${promised.join('\n')}`)
}

/** The commands of the section, without what is said of them. */
function linesOf(readme: string): string[] {
  const from = readme.indexOf(HEADING)
  const text = readme.slice(from, readme.indexOf('\n## ', from + HEADING.length))
  const { blocks } = findBlocks({ path: 'README.md', text })
  const lines = (blocks[0]?.text ?? '').split('\n').map((each) => each.replace(/\s+#.*$/, ''))
  return lines.filter((each) => each !== '')
}

async function play(text: string): Promise<void> {
  const words = text.split(/\s+/).slice(1)
  if (words.includes('up')) return line(text, () => start(words))
  await line(text, () => {
    const output = execute('npx', ['--no', '--', ...words], folder).trimEnd()
    if (output !== '') console.log(output.replace(/^/gm, '    '))
    if (words.includes('get') && output !== 'open') throw new Error(`get prints ${output}`)
  })
}

/** What stays runs in the first terminal, and has started when it says where it listens. */
async function start(words: readonly string[]): Promise<void> {
  const child = spawn(join('node_modules', '.bin', String(words[0])), words.slice(1), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  first = child
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const until = performance.now() + LINE_MS_MAX
  while (!output.includes('listens at')) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${output}`)
    if (performance.now() > until) throw new Error('It does not listen.')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

async function line(text: string, run: () => void | Promise<void>): Promise<void> {
  const startedAt = performance.now()
  try {
    await run()
    counts.passed += 1
    console.log(`ok ${text} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`)
  } catch (error) {
    counts.failed += 1
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    console.log(`${String(error)}\n${stdout}${stderr}`.trimEnd().replace(/^/gm, '    '))
    console.log(`not ok ${text}`)
  }
}

function execute(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LINE_MS_MAX,
  })
}
