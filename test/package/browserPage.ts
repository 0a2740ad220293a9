/** A page whose two peers share a key, bundled as an application would have it bundled. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { complaintsOf, findChromium, launch } from '../inspector/browser.ts'

/** What the page says of itself. */
export interface Outcome {
  readonly read: string
  readonly refusal: string
  readonly isEqual: boolean
  readonly withoutSecret: string
  readonly withoutCarrier: string
}

/** What it says if all is well. */
export const EXPECTED: Outcome = {
  read: 'open',
  refusal: 'LEASE_HELD by alice',
  isEqual: true,
  withoutSecret: 'SECRET_FILE_REFUSED',
  withoutCarrier: 'ADDRESS_INVALID',
}

/** Time is stepped, and the carrier is simulated; everything else is as it is for users. */
const PAGE = `
import { openDictionary } from 'holdfast'
import { createSimulatedNetwork, peerClock, seededRandom, SteppingClock } from 'holdfast/transport'
import 'holdfast/machines'

const clock = new SteppingClock()
const network = createSimulatedNetwork({ clock, random: seededRandom(7) })

async function inTime(promise) {
  let isDone = false
  promise.finally(() => { isDone = true }).catch(() => {})
  for (let steps = 0; !isDone && steps < 2_000; steps += 1) {
    clock.advance(10)
    await new Promise((resolve) => setTimeout(resolve))
  }
  if (!isDone) throw new Error('It takes too long.')
  return promise
}

const open = (peerId, join) => inTime(openDictionary({
  peerId, join, integrity: 'signed', secret: 'a secret of this page', clock: peerClock({ clock }),
  listen: ['sim://' + peerId], transports: [network.host(peerId, clock)],
}))

const codeOf = (act) => act().then(() => 'nothing', ({ code }) => code)

async function play() {
  const alice = await open('alice', [])
  const bob = await open('bob', ['sim://alice'])
  alice.set('door', 'open')
  await inTime(new Promise((resolve) => bob.on('update', resolve)))
  const isEqual = alice.digest() === bob.digest()
  const outcome = { read: bob.get('door'), refusal: 'none', isEqual }
  try {
    bob.set('door', 'shut')
  } catch (error) {
    outcome.refusal = error.code + ' by ' + error.owner
  }
  outcome.withoutSecret = await codeOf(() => openDictionary())
  outcome.withoutCarrier = await codeOf(() =>
    openDictionary({ secret: 'a secret of this page', listen: ['tcp://127.0.0.1:1'] }))
  await inTime(Promise.all([alice.close(), bob.close()]))
  return outcome
}
globalThis.outcome = play()
`

export interface Bundled {
  readonly script: string
  /** What it would take from Node, as `who imports what`. */
  readonly fromNode: readonly string[]
}

/** Bundles the page in a folder in which `holdfast` is found. */
export async function bundlePage(folder: string, plugins: Plugin[] = []): Promise<Bundled> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: PAGE, resolveDir: folder, sourcefile: 'page.js' },
    absWorkingDir: resolve(folder),
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    plugins: [...plugins, refuseNode()],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  return { script: outputFiles[0]?.text ?? '', fromNode: importsOfNode(metafile) }
}

/** What the page says in Chromium; undefined where there is none. */
export async function play(script: string): Promise<Outcome | undefined> {
  const chromium = findChromium()
  if (chromium === undefined) return undefined
  const browser = await launch(chromium)
  try {
    const page = await browser.newPage()
    const complaints = complaintsOf(page)
    await page.addScriptTag({ content: script })
    const outcome = await page.evaluate('globalThis.outcome')
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
    return outcome as Outcome
  } finally {
    await browser.close()
  }
}

/** What package.json says of browsers. */
interface Manifest {
  readonly browser: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, { default?: string; browser?: { default: string } }>>
}

/** Does to the sources what package.json does to the built files, in a browser. */
export function standIns(folder: string): Plugin {
  const text = readFileSync(resolve(folder, 'package.json'), 'utf8')
  const { browser, exports } = JSON.parse(text) as Manifest
  const source = (built: string) =>
    resolve(folder, built.replace('/dist/', '/').replace(/js$/, 'ts'))
  const doorways = Object.values(exports).flatMap((each): [string, string][] =>
    each.browser && each.default ? [[each.default, each.browser.default]] : [],
  )
  const others = new Map(
    [...Object.entries(browser), ...doorways].map(([one, other]) => [source(one), source(other)]),
  )
  return {
    name: 'stand-ins',
    setup(plugin) {
      plugin.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const other = others.get(path)
        return other === undefined
          ? undefined
          : { contents: `export * from ${JSON.stringify(other)}` }
      })
    },
  }
}

/** A bundler stops at what it cannot find; this one goes on, so that all are told. */
function refuseNode(): Plugin {
  return {
    name: 'node',
    setup(plugin) {
      plugin.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }))
    },
  }
}

function importsOfNode({ inputs }: Metafile): string[] {
  return Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ path }) => path.startsWith('node:'))
      .map(({ path }) => `${file} imports ${path}`),
  )
}
