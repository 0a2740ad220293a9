/**
 * Tries the package as its users meet it: packed, installed into an empty project beside xstate,
 * imported and required by every doorway, type-checked under both ways of resolving, run, and
 * bundled for a browser.
 * Needs a fresh `npm run build`. The last line is `N passed, N failed`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { findChromium } from '../inspector/browser.ts'
import '../secret.ts'
import { bundlePage, EXPECTED, play } from './browserPage.ts'

/** How long one step may take; the longest one installs packages. */
const STEP_MS_MAX = 180_000
const PACKED_BYTES_MAX = 1.25 * 1024 * 1024
const UNPACKED_BYTES_MAX = 5 * 1024 * 1024
/** The core with all it needs, minified, for a browser. */
const PAGE_BYTES_MAX = 376 * 1024

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const doorways = Object.keys(manifest.exports)
  .filter((key) => !key.endsWith('.json'))
  .map((key) => manifest.name + key.slice(1))
const typescript = resolve('node_modules/typescript/bin/tsc')
const project = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
const counts = { passed: 0, failed: 0 }

/** What a user writes; `npm run build` and the types must both agree with it. */
const consumer = `
import { HoldfastError, leaseLogic, openDictionary, syncLogic } from 'holdfast'
${doorways.map((name, index) => `import * as doorway${index} from '${name}'`).join('\n')}

export const doorways = [${doorways.map((_, index) => `doorway${index}`).join(', ')}]
export const logics = [syncLogic, leaseLogic]
// @ts-expect-error The name of a network is a string; that this is refused shows that types arrive.
export const wrong = () => openDictionary<number>({ network: 7, listen: [], join: [] })

const dictionary = await openDictionary<number>({ network: 'try', listen: [], join: [] })
dictionary.set('alice', 7)
const value: number | undefined = dictionary.get('alice')
if (value !== 7) throw new Error('alice reads ' + value)
await dictionary.close()
try {
  dictionary.set('alice', 8)
  throw new Error('a closed dictionary takes writes')
} catch (error) {
  if (!(error instanceof HoldfastError) || error.code !== 'CLOSED') throw error
}
`

try {
  await step('the package is packed', pack)
  await step('it installs into an empty project', install)
  for (const name of doorways) {
    await step(`import ${name}`, () => node('--input-type=module', '--eval', importing(name)))
    await step(`require ${name}`, () => node('--eval', requiring(name)))
  }
  await step('types under NodeNext', () => compile('NodeNext', 'NodeNext'))
  await step('the compiled consumer runs', () => node('consumer.js'))
  await step('the command runs a command', runCommand)
  await step('types under Bundler', () => compile('ESNext', 'Bundler', '--noEmit'))
  await step('the core in a browser', browse)
} finally {
  rmSync(project, { recursive: true, force: true })
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

async function step(name: string, work: () => unknown): Promise<void> {
  try {
    await work()
    counts.passed += 1
    console.log(`ok ${name}`)
  } catch (error) {
    counts.failed += 1
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    console.log(`${String(error)}\n${stdout}${stderr}`.trimEnd().replace(/^/gm, '    '))
    console.log(`not ok ${name}`)
  }
}

function pack(): void {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const [packed] = JSON.parse(execute('npm', args, resolve('.'))) as Packed[]
  if (packed === undefined) throw new Error('npm packed nothing')
  const { size, unpackedSize, files } = packed
  console.log(
    `${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${files.length} files`,
  )
  if (size > PACKED_BYTES_MAX) throw new Error(`more than ${kilobytes(PACKED_BYTES_MAX)} packed`)
  if (unpackedSize > UNPACKED_BYTES_MAX) {
    throw new Error(`more than ${kilobytes(UNPACKED_BYTES_MAX)} unpacked`)
  }
  const stray = files.find(({ path }) => /(^|\/)test\/|\.test\./.test(path))
  if (stray !== undefined) throw new Error(`a test is packed: ${stray.path}`)
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, type: 'module', holdfast: packed.filename }),
  )
  writeFileSync(join(project, 'consumer.ts'), consumer)
}

function install(): void {
  const { holdfast } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    holdfast: string
  }
  const beside = [
    'xstate',
    '@types/node',
    'react',
    '@types/react',
    '@noble/curves',
    '@noble/hashes',
  ].map((name) => `${name}@${manifest.devDependencies[name]}`)
  const quiet = ['--no-save', '--no-audit', '--no-fund']
  execute('npm', ['install', ...quiet, `./${holdfast}`, ...beside], project)
}

function importing(name: string): string {
  return `const doorway = await import('${name}'); ${refuseEmpty(name)}`
}

function requiring(name: string): string {
  return `const doorway = require('${name}'); ${refuseEmpty(name)}`
}

function refuseEmpty(name: string): string {
  return `if (Object.keys(doorway).length === 0) throw new Error('${name} exports nothing')`
}

function compile(module: string, resolution: string, ...more: readonly string[]): void {
  const strict = ['--strict', '--target', 'ES2023', '--types', 'node']
  const resolving = ['--module', module, '--moduleResolution', resolution]
  node(typescript, ...strict, ...resolving, ...more, 'consumer.ts')
}

/** As a user would: by the name in `bin`, which npm has linked. */
function runCommand(): void {
  const place = ['--listen', 'tcp://127.0.0.1:0', '--settle', '0']
  const command = [process.execPath, '--print', 'process.env.HOLDFAST_TOKEN']
  const words = ['--no', '--', 'holdfast', 'run', 'job', ...place, '--', ...command]
  const output = execute('npx', words, project).trim()
  if (output !== '1') throw new Error(`the command prints ${output}`)
}

/** Nothing of Node is in the bundle, and two dictionaries in one page share a key. */
async function browse(): Promise<void> {
  const { script, fromNode } = await bundlePage(project)
  if (fromNode.length > 0) throw new Error(fromNode.join('\n'))
  const packed = gzipSync(script).length
  console.log(`${kilobytes(script.length)} for a browser, ${kilobytes(packed)} compressed`)
  if (script.length > PAGE_BYTES_MAX) throw new Error(`more than ${kilobytes(PAGE_BYTES_MAX)}`)
  if (findChromium() === undefined) return console.log('without Chromium, so the page is not run')
  const outcome = JSON.stringify(await play(script))
  if (outcome !== JSON.stringify(EXPECTED)) throw new Error(`the page says ${outcome}`)
}

function node(...args: readonly string[]): string {
  return execute(process.execPath, args, project)
}

function execute(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STEP_MS_MAX,
  })
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} kB`
}
