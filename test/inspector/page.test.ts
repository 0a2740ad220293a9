import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Inspector, serveInspector } from '../../inspector/index.ts'
import { complaintsOf, findChromium, launch } from './browser.ts'
import { type MeshProcess, startPeer } from './mesh.ts'

/**
 * In real time and with real processes: what is to be seen is that the page follows them. All is
 * waited for on the page, nothing is slept for.
 */
const seeing = suite<{ browser: Browser; inspector: Inspector; page: Page; complaints: string[] }>(
  'the page',
)

const executable = findChromium()
if (executable === undefined) {
  console.log('No Chromium here, so the page is not tried: apt-get install chromium, or CHROMIUM=…')
}
const scene = (title: string, play: Parameters<typeof seeing>[1]) =>
  executable === undefined ? seeing.skip(title, play) : seeing(title, play)

const peers = new Map<string, MeshProcess>()

seeing.before(async (scene) => {
  if (executable === undefined) return
  scene.inspector = await serveInspector({ values: true, name: 'the test' })
  scene.browser = await launch(executable)
  scene.page = await scene.browser.newPage({ viewport: { width: 1360, height: 900 } })
  scene.page.setDefaultTimeout(20_000)
  scene.complaints = complaintsOf(scene.page)
  await scene.page.goto(scene.inspector.url)
})

seeing.after(async ({ browser, inspector }) => {
  await Promise.all([...peers.values()].map((peer) => peer.kill()))
  await browser?.close()
  await inspector?.close()
})

async function come(url: string, ...names: string[]): Promise<void> {
  const join = [...peers.values()].map(({ address }) => address)
  const came = await Promise.all(names.map((name) => startPeer(name, { url, join })))
  for (const peer of came) peers.set(peer.peerId, peer)
}

const peer = (name: string) => peers.get(name) as MeshProcess

const WAIT_MS_MAX = 20_000

/** Waits until something is so on the page; whose policy forbids to be asked by a script. */
async function until(what: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

/** Waits until so many elements are there. */
const count = (page: Page, selector: string, expected: number) =>
  until(async () => (await page.locator(selector).count()) === expected)

const open = (page: Page, pane: string) => page.click(`#tab-${pane}`)

scene('five processes come, and all their connections are nominal', async ({ page, inspector }) => {
  await come(inspector.url, 'alice')
  await come(inspector.url, 'bob', 'carol', 'dave', 'erin')
  await open(page, 'mesh')
  for (const name of peers.keys()) await page.waitForSelector(`[data-peer="${name}"]`)
  // Those that were started together know nobody but alice; they are told of one another.
  await count(page, '.link.nominal', 20)
  assert.is(await page.locator('tbody tr', { hasText: 'nominal' }).count(), 20)
})

scene('a key appears with its owner, and a lease runs out before the eyes', async ({ page }) => {
  await open(page, 'dictionary')
  await peer('alice').ask('set door "open"')
  await page.waitForSelector('[data-key="door"][data-owner="alice"]')
  assert.is(await peer('bob').ask('set door "shut"'), 'LEASE_HELD')
  await peer('bob').ask('set lamp "on" 2500')
  const row = page.locator('[data-key="lamp"]')
  await page.waitForSelector('[data-key="lamp"][data-owner="bob"]')
  const rest = await row.locator('time').textContent()
  await until(async () => (await row.locator('time').textContent()) !== rest)
  await page.waitForSelector('[data-key="lamp"][data-owner="free"]')
  await page.fill('input[type=search]', 'door')
  await count(page, '[data-key="lamp"]', 0)
  assert.is(await page.locator('tbody tr').count(), 1)
  await page.fill('input[type=search]', '')
})

scene('the charts are lit where the machines are', async ({ page }) => {
  await open(page, 'machines')
  for (const machine of ['sync', 'mesh', 'connection']) {
    await page.waitForSelector(`svg[data-machine="${machine}"]`)
  }
  await page.waitForSelector('[data-state="sync.open"].on')
  await page.waitForSelector('[data-state="connection.nominal"].on')
  await peer('carol').ask('acquire nightly 60000')
  await page.waitForSelector('[data-state="lease.held.resting"].on')
  assert.is(await page.locator('[data-state="sync.closing"].on').count(), 0)
  await page.click('[data-choice="bob"] >> nth=0')
  await page.waitForSelector('[data-choice="bob"][aria-pressed="true"]')
})

scene('two connections of one pair are in conflict, and one remains', async ({ page }) => {
  await open(page, 'events')
  await page.fill('input[type=search]', 'connection conflicted')
  await peer('alice').ask('disconnect bob')
  await Promise.all([
    peer('alice').ask(`connect ${peer('bob').address}`),
    peer('bob').ask(`connect ${peer('alice').address}`),
  ])
  await page.waitForSelector('[data-event^="conflicted"]')
  await page.fill('input[type=search]', '')
  await open(page, 'mesh')
  await count(page, '.link.nominal:is([data-link="alice bob"], [data-link="bob alice"])', 2)
})

scene('one is killed and one leaves, and the page shows who is gone', async ({ page }) => {
  await open(page, 'mesh')
  await peer('erin').kill()
  await peer('dave').close()
  peers.delete('erin')
  peers.delete('dave')
  for (const name of ['erin', 'dave']) await page.waitForSelector(`[data-peer="${name}"].gone`)
  await count(page, '.link.nominal', 6)
})

scene('held still, nothing moves; and the time before can be gone back to', async ({ page }) => {
  await open(page, 'dictionary')
  await page.keyboard.press('Space')
  await page.waitForSelector('.timeline')
  await peer('alice').ask('set window "open"')
  await page.locator('input[type=range]').fill('0')
  await count(page, '[data-key="door"]', 0)
  assert.is(await page.locator('[data-key="window"]').count(), 0)
  await page.click('.timeline .live')
  await page.waitForSelector('[data-key="window"]')
})

scene('what was saved is replayed when it is dropped on the page', async ({ page }) => {
  const download = page.waitForEvent('download')
  await page.keyboard.press('s')
  const text = readFileSync(await (await download).path(), 'utf8')
  assert.is(JSON.parse(text.split('\n')[0] as string).type, '@holdfast.recording')
  const data = await page.evaluateHandle(`(() => {
    const data = new DataTransfer()
    data.items.add(new File([${JSON.stringify(text)}], 'saved.jsonl'))
    return data
  })()`)
  await page.dispatchEvent('main', 'dragover', { dataTransfer: data })
  await page.waitForSelector('.drop')
  await page.dispatchEvent('main', 'drop', { dataTransfer: data })
  await page.waitForSelector('.timeline strong:has-text("saved.jsonl")')
  const range = page.locator('input[type=range]')
  await range.fill(String(await range.getAttribute('max')))
  await page.waitForSelector('[data-key="window"]')
  await page.click('.timeline .live')
})

scene('a file that is no recording is refused in words', async ({ page }) => {
  const file = { name: 'holiday.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear all,') }
  await page.setInputFiles('input[type=file]', file)
  await page.waitForSelector('[role=alert]:has-text("holiday.txt holds no message")')
  await page.click('[role=alert] button')
  await page.waitForSelector('[role=alert]', { state: 'detached' })
})

scene('all of it works by keyboard', async ({ page }) => {
  await open(page, 'overview')
  for (const pane of ['mesh', 'machines', 'dictionary', 'events', 'overview']) {
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector(`main[data-pane="${pane}"]`)
    assert.is(await page.evaluate('document.activeElement.id'), `tab-${pane}`)
  }
  await page.keyboard.press('4')
  await page.waitForSelector('main[data-pane="dictionary"]')
  await page.keyboard.press('/')
  await page.keyboard.type('door')
  await count(page, 'tbody tr', 1)
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.waitForSelector('dialog[open]')
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog[open]', { state: 'detached' })
  const before = await page.evaluate('document.documentElement.dataset.theme')
  await page.keyboard.press('t')
  assert.is.not(await page.evaluate('document.documentElement.dataset.theme'), before)
})

scene('every pane fits on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 780 })
  for (const pane of ['overview', 'mesh', 'machines', 'dictionary', 'events']) {
    await open(page, pane)
    await page.waitForSelector(`main[data-pane="${pane}"]`)
    const excess = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    assert.ok(excess <= 0, `${pane} is ${excess} px too wide`)
  }
  await page.setViewportSize({ width: 1360, height: 900 })
})

scene('the page had nothing to complain about', ({ complaints }) => {
  assert.equal(complaints, [])
})

seeing.run()
