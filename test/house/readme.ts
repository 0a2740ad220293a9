/**
 * The code in the README and in docs/ is run: what a reader copies has just worked.
 *
 * A block marked `ts` is type-checked and run, `ts no-run` is type-checked only, `js` is run. Each
 * stands alone, imports `holdfast` by name, and meets the sources there, by the paths in
 * tsconfig.json. Where a block has comments of the form `// -> text`, exactly these lines must be
 * printed, in this order. A block marked `sh` may hold only commands that package.json knows.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { startWords } from '../bundle.ts'
import type { Source } from './sources.ts'

const BLOCKS_AT_ONCE_MAX = 2
/** How long one block may run. */
export const BLOCK_MS_MAX = 30_000

export interface Block {
  /** `README.md:12`, the line above the code. */
  readonly place: string
  readonly language: 'ts' | 'js' | 'sh'
  readonly run: boolean
  readonly text: string
}

interface Job {
  readonly block: Block
  /** What node is started with. */
  readonly words: readonly string[]
}

interface Printed {
  readonly exitCode: number | null
  readonly output: string
  readonly errors: string
}

const marks = new Set(['ts', 'ts no-run', 'js', 'sh'])
/** Other names of the languages that are checked; under them a block would pass unread. */
const otherNames = /^(typescript|tsx|mts|javascript|jsx|mjs|bash|shell|console|zsh)\b/

/** The blocks of a Markdown text, and a complaint about each one that would pass unread. */
export function findBlocks({ path, text }: Source): { blocks: Block[]; complaints: string[] } {
  const blocks: Block[] = []
  const complaints: string[] = []
  for (const match of text.matchAll(/^( *)```([^\n`]*)\n(.*?)^ *```/gms)) {
    const [, indent = '', mark = '', code = ''] = match
    const place = `${path}:${text.slice(0, match.index).split('\n').length}`
    const words = mark.trim()
    if (marks.has(words)) {
      const language = words.slice(0, 2) as Block['language']
      const unindented = code.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
      blocks.push({ place, language, run: words !== 'ts no-run', text: unindented })
    } else if (/^(ts|js|sh)\b/.test(words) || otherNames.test(words)) {
      complaints.push(`${place} is marked "${words}"; known are: ${[...marks].join(', ')}.`)
    }
  }
  return { blocks, complaints }
}

/** Runs and type-checks the blocks; every complaint begins with the place of its block. */
export async function checkCode(
  blocks: readonly Block[],
  blockMsMax = BLOCK_MS_MAX,
): Promise<string[]> {
  mkdirSync('.tmp', { recursive: true })
  // Inside the project, so that the blocks find its packages and its tsconfig.json.
  const folder = mkdtempSync(join('.tmp', 'readme-'))
  try {
    const files = new Map<string, Block>()
    for (const block of blocks) {
      if (block.language === 'sh') continue
      const ending = block.language === 'ts' ? 'ts' : 'mjs'
      const file = join(folder, `${block.place.replaceAll(/[^\w]/g, '-')}.${ending}`)
      writeFileSync(file, block.text)
      files.set(file, block)
    }
    const runs = [...files].filter(([, block]) => block.run)
    const words = await startWords({ files: runs.map(([file]) => file) })
    const jobs = runs.map(([file, block]) => ({ block, words: words.get(file) ?? [] }))
    return [...typeComplaints(files), ...(await runComplaints(jobs, blockMsMax))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function typeComplaints(files: ReadonlyMap<string, Block>): string[] {
  const typed = [...files].filter(([, block]) => block.language === 'ts')
  if (typed.length === 0) return []
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
    ts.sys,
    resolve('.'),
  )
  const program = ts.createProgram(
    typed.map(([file]) => file),
    { ...options, noEmit: true, moduleDetection: ts.ModuleDetectionKind.Force },
    hostFor(options),
  )
  return typed.flatMap(([file, { place }]) => {
    const source = program.getSourceFile(file)
    return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start = 0 }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
      const text = ts.flattenDiagnosticMessageText(messageText, '\n')
      return `${place} line ${line} does not type-check: ${text}`
    })
  })
}

const sources = new Map<string, ts.SourceFile | undefined>()

/** Reads each declaration and each source of the project once, and the blocks each time. */
function hostFor(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile
  host.getSourceFile = (name, ...how) => {
    if (name.includes('.tmp/')) return read(name, ...how)
    if (!sources.has(name)) sources.set(name, read(name, ...how))
    return sources.get(name)
  }
  return host
}

async function runComplaints(jobs: readonly Job[], blockMsMax: number): Promise<string[]> {
  const waiting = [...jobs]
  const complaints: string[] = []
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { block, words } = next
      const complaint = judge(block, await runWords(words, blockMsMax), blockMsMax)
      if (complaint !== undefined) complaints.push(`${block.place} ${complaint}`)
    }
  }
  await Promise.all(Array.from({ length: BLOCKS_AT_ONCE_MAX }, worker))
  return complaints
}

function runWords(words: readonly string[], blockMsMax: number): Promise<Printed> {
  return new Promise((done, fail) => {
    // A group of its own, so that the kill reaches what the block started as well.
    const child = spawn(process.execPath, words, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), blockMsMax)
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk
    })
    child.on('error', fail)
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      done({ exitCode, output, errors })
    })
  })
}

function judge(
  block: Block,
  { exitCode, output, errors }: Printed,
  blockMsMax: number,
): string | undefined {
  if (exitCode === null) return `was still running after ${blockMsMax} ms.`
  if (exitCode !== 0) return `ended with ${exitCode}: ${errors.trim()}`
  const promised = [...block.text.matchAll(/\/\/ -> ?(.*)$/gm)].map(([, line]) => line?.trimEnd())
  if (promised.length === 0) return undefined
  const printed = output
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
  if (printed.join('\n') === promised.join('\n')) return undefined
  return `promises\n${promised.join('\n')}\nbut prints\n${printed.join('\n')}`
}

/** What package.json says about commands and names. */
export interface Manifest {
  readonly name: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Reads the `sh` blocks, which are not run: each command must be one that works here. */
export function checkCommands(blocks: readonly Block[], manifest: Manifest): string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ place, text }) =>
      text
        .split('\n')
        .map((line) => line.replace(/(^|\s)#.*$/, '').replace(/^\$ /, ''))
        .flatMap((line) => line.split('&&').map((command) => command.trim()))
        .filter((command) => command !== '' && !isKnown(command.split(/\s+/), manifest))
        .map((command) => `${place} has an unknown command: ${command}`),
    )
}

function isKnown([tool = '', ...words]: readonly string[], manifest: Manifest): boolean {
  const [verb = '', name = ''] = words
  if (tool === 'npm') return isKnownToNpm(words, manifest)
  if (tool === 'npx' && verb === 'tsx') return existsSync(name)
  if (tool === 'npx') return verb in (manifest.bin ?? {})
  if (tool === 'node') return existsSync(verb)
  if (tool === 'git') return verb === 'clone'
  if (tool === 'cd') return words.length === 1
  return tool.includes('/') && existsSync(tool)
}

function isKnownToNpm([verb = '', ...words]: readonly string[], manifest: Manifest): boolean {
  const { scripts = {} } = manifest
  if (verb === 'ci') return words.length === 0
  if (verb === 'start' || verb === 'test') return verb in scripts
  if (verb === 'run') return (words[0] ?? '') in scripts
  const known = { ...manifest.dependencies, ...manifest.peerDependencies, [manifest.name]: '' }
  return /^(i|install)$/.test(verb) && words.every((word) => word in known)
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
}
