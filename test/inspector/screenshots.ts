/**
 * `npm run screenshots`: pictures of the page for the documents, of a mesh of five processes at
 * work. Needs Chromium.
 */
import { mkdirSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { serveInspector } from '../../inspector/index.ts'
import { findChromium, launch } from './browser.ts'
import { type MeshProcess, startPeer } from './mesh.ts'

const FOLDER = 'docs/images'
const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin']
/** How long each write is apart from the last. Milliseconds. */
const WRITE_MS = 140
const WAIT_MS_MAX = 60_000

const executable = findChromium()
if (executable === undefined) {
  console.error('There is no Chromium here: apt-get install chromium, or CHROMIUM=… .')
  process.exit(1)
}
mkdirSync(FOLDER, { recursive: true })
const inspector = await serveInspector({ values: true })
const peers: MeshProcess[] = []
for (const name of NAMES) {
  const join = peers.map(({ address }) => address)
  peers.push(await startPeer(name, { url: inspector.url, join }))
}
await peers[0]?.ask('set door "open"')
await peers[1]?.ask('set printer/queue ["minutes.pdf","poster.pdf"]')
await peers[3]?.ask('set config/theme {"mode":"dark"}')
await peers[2]?.ask('acquire nightly 90000')
let written = 0
const writing = setInterval(write, WRITE_MS)
const browser = await launch(executable)
const wide = { width: 1280, height: 800 }
await shoot(browser, { viewport: wide, colorScheme: 'light' }, async (page, save) => {
  await page.waitForTimeout(6_000)
  await save('overview-light')
  await page.click('#tab-mesh')
  await page.waitForTimeout(1_200)
  await save('mesh-light')
})
await shoot(browser, { viewport: wide, colorScheme: 'dark' }, async (page, save) => {
  await page.waitForTimeout(1_500)
  await save('overview-dark')
  await page.click('#tab-machines')
  await page.waitForTimeout(1_200)
  await save('machines-dark')
  await page.click('#tab-dictionary')
  await page.keyboard.press('Space')
  await page.waitForTimeout(600)
  await page.keyboard.press('[')
  await page.waitForTimeout(600)
  await save('paused-dark')
})
const phone = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 1.5 }
await shoot(browser, { ...phone, colorScheme: 'light' }, async (page, save) => {
  await page.waitForTimeout(1_500)
  await save('phone-light')
})
clearInterval(writing)
await browser.close()
for (const peer of peers) await peer.close()
await inspector.close()

/** Somebody writes a reading of some sensor, if it may, for some seconds. */
function write(): void {
  const peer = peers[(written * 7) % peers.length]
  const celsius = 15 + ((written * 13) % 97) / 10
  const leaseMs = 3_000 + ((written * 977) % 19_000)
  const key = `sensor/${(written * 5) % 11}`
  written += 1
  void peer?.ask(`set ${key} {"celsius":${celsius}} ${leaseMs}`)
}

type Look = Parameters<Browser['newPage']>[0]

async function shoot(
  browser: Browser,
  look: Look,
  visit: (page: Page, save: (name: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage(look)
  await page.goto(inspector.url)
  await page.click('#tab-mesh')
  const links = page.locator('.link.nominal')
  await links.nth(19).waitFor({ state: 'attached', timeout: WAIT_MS_MAX })
  await page.click('#tab-overview')
  await visit(page, (name) => page.screenshot({ path: `${FOLDER}/${name}.png` }))
  await page.close()
}
