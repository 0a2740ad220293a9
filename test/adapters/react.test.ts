/** The hooks, in components that react-dom renders: they show what the dictionary tells. */

import { type Dictionary, openDictionary } from 'holdfast'
import { type Holding, useKey, useLease, usePeers, usePrefix } from 'holdfast/react'
import { createElement, type ReactNode, StrictMode, startTransition, useState } from 'react'
import { renderToString } from 'react-dom/server'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { told, until, withCompany } from '../actors/company.ts'
import { show } from './stage.ts'

const react = suite('react')

type Given = { readonly of: Dictionary<unknown> | undefined }

const Door = ({ of }: Given) => String(useKey(of, 'door'))
const Doors = ({ of }: Given) => [...usePrefix(of, 'door:')].flat().join(' ')
const Peers = ({ of }: Given) =>
  usePeers(of)
    .map(({ peerId }) => peerId)
    .join(' ')

/** Keeps each value that it was rendered with. */
const Watcher = ({ of, values }: Given & { readonly values: unknown[] }) => {
  values.push(useKey(of, 'door'))
  return null
}

/** Holds a lease, and keeps how it stood at each rendering. */
const Editor = ({ of, held = [] }: Given & { readonly held?: Holding[] }) => {
  const holding = useLease(of, 'editor', { leaseMs: 5_000 })
  held.push(holding)
  return `${holding.state} by ${holding.owner}`
}

const Everything = ({ of }: Given) =>
  [Door, Doors, Peers].map((each) =>
    createElement('p', { key: each.name }, createElement(each, { of })),
  )

/** Renders slowly enough for React to pause after it, and for a write to come meanwhile. */
const Slow = ({ of, name, use }: Given & { readonly name: string; use: typeof useKey }) => {
  const value = use(of, 'count')
  const startMs = performance.now()
  while (performance.now() - startMs < 12);
  return `${name}${value} `
}

interface Turning extends Given {
  /** Is given what starts the next round. */
  readonly turn: (next: (round: number) => void) => void
  readonly use: typeof useKey
}

/** Four slow ones, new in each round. */
const Rounds = ({ of, turn, use }: Turning) => {
  const [round, setRound] = useState(0)
  turn(setRound)
  return ['a', 'b', 'c', 'd'].map((name) =>
    createElement(Slow, { of, name, use, key: `${name}${round}` }),
  )
}

const strictly = (...children: ReactNode[]) => createElement(StrictMode, null, ...children)

react(
  'a component shows a key as it is set, changed and deleted, by whomever',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const page = await show(strictly(createElement(Door, { of: bob })))
    assert.is(page.text, 'undefined')
    alice.set('door', 'open')
    await page.until('open')
    alice.delete('door')
    await page.until('undefined')
    await page.unmount()
  }),
)

react(
  'a component renders when its key changes, and only then',
  withCompany(async (company) => {
    const alice = await company.alone()
    const values: unknown[] = []
    alice.set('door', new Date(7))
    const page = await show(createElement(Watcher, { of: alice, values }))
    await page.act(async () => {
      alice.set('gate', 'open')
      await told()
    })
    assert.is(values.length, 1)
    await page.render(createElement(Watcher, { of: alice, values }))
    assert.is(values.length, 2)
    assert.is(values[0], values[1], 'a date is copied by get, and is the same object here')
    await page.act(async () => {
      alice.set('door', 'open')
      alice.set('door', 'shut')
      await told()
    })
    assert.equal(values.slice(2), ['shut'])
    await page.unmount()
  }),
)

react(
  'all keys under a prefix are one Map, new after each change',
  withCompany(async (company) => {
    const alice = await company.alone()
    alice.update({ 'door:1': 'open', 'gate:1': 'open' })
    const page = await show(strictly(createElement(Doors, { of: alice })))
    assert.is(page.text, 'door:1 open')
    await page.act(async () => {
      alice.update({ 'door:2': 'shut', 'gate:2': 'open' })
      alice.delete('door:1')
      await told()
    })
    assert.is(page.text, 'door:2 shut')
    await page.unmount()
  }),
)

react(
  'an ephemeral key is gone from the page with its lease',
  withCompany(async (company) => {
    const alice = await company.alone()
    alice.set('door', 'open', { ephemeral: true, leaseMs: 800 })
    const page = await show(createElement(Door, { of: alice }))
    assert.is(page.text, 'open')
    await page.until('undefined')
    await page.unmount()
  }),
)

react(
  'peers come and go on the page',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    await told()
    const page = await show(strictly(createElement(Peers, { of: alice })))
    assert.is(page.text, 'bob')
    await page.act(() => bob.close())
    await page.until('')
    await page.unmount()
  }),
)

react(
  'a lease is held while the component is mounted, and free afterwards',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const held: Holding[] = []
    const first = await show(strictly(createElement(Editor, { of: alice, held })))
    await first.until('held by alice')
    const second = await show(strictly(createElement(Editor, { of: bob, held })))
    await second.until('waiting by alice')
    await first.unmount()
    await second.until('held by bob')
    const tokens = held.flatMap(({ token }) => token ?? [])
    assert.ok(Math.max(...tokens) > Math.min(...tokens), 'the token rises with the holder')
    await second.unmount()
    await until(() => alice.lease('editor') === undefined)
    assert.is(alice.stats().leasesHeld + bob.stats().leasesHeld, 0, 'strict mode left none behind')
    assert.is(alice.stats().leasesWaiting + bob.stats().leasesWaiting, 0)
  }),
)

react(
  'a lease that is lost is waited for again, and a closed dictionary is told',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const page = await show(createElement(Editor, { of: alice }))
    await page.until('held by alice')
    const stolen = await bob.acquire('editor', { steal: true })
    await page.until('waiting by bob')
    stolen.release()
    await page.until('held by alice')
    await page.act(() => alice.close())
    await page.until('refused by undefined')
    await page.unmount()
  }),
)

react('on a server there is nothing to see, and a page that is made alive agrees', async () => {
  const alice = await openDictionary({ peerId: 'alice' })
  alice.update({ door: 'open', 'door:1': 'open' })
  const html = renderToString(createElement(Everything, { of: alice }))
  assert.is(html.replaceAll(/<[^>]*>/g, ''), 'undefined')
  const complaints: unknown[] = []
  const before = console.error
  console.error = (...words: unknown[]) => complaints.push(words)
  const page = await show(createElement(Everything, { of: alice }), html)
  console.error = before
  assert.equal(complaints, [], 'React finds no difference')
  assert.is(page.text, 'opendoor:1 open')
  await page.unmount()
  await alice.close()
})

react('without a dictionary there is nothing, and one that opens later is shown', async () => {
  const page = await show(createElement(Door, { of: undefined }))
  assert.is(page.text, 'undefined')
  const alice = await openDictionary({ peerId: 'alice' })
  alice.set('door', 'open')
  await page.render(createElement(Door, { of: alice }))
  assert.is(page.text, 'open')
  await page.unmount()
  await alice.close()
})

/** Writes while React renders a transition in pieces, and returns all that was ever on the page. */
async function writeMeanwhile(use: typeof useKey): Promise<string[]> {
  const alice = await openDictionary({ peerId: 'alice' })
  alice.set('count', 0)
  let next = (_: number) => {}
  const turn = (given: (round: number) => void) => {
    next = given
  }
  const page = await show(createElement(Rounds, { of: alice, turn, use }))
  const seen = new Set([page.text])
  // Within `act` React renders in one piece; here it pauses as in a browser.
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
  startTransition(() => next(1))
  const startMs = performance.now()
  while (performance.now() - startMs < 300) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    // When the first of the four has been rendered, and before the last.
    if (alice.get('count') === 0 && performance.now() - startMs > 20) alice.set('count', 1)
    seen.add(page.text)
  }
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
  await page.unmount()
  await alice.close()
  return [...seen]
}

const disagrees = (text: string) => new Set(text.match(/\d/g)).size > 1

react('components that show one key never disagree, though a write comes meanwhile', async () => {
  const seen = await writeMeanwhile(useKey)
  assert.equal(seen.filter(disagrees), [], 'each page shows one value')
  assert.is(seen.at(-1), 'a1 b1 c1 d1 ')
  const torn = await writeMeanwhile((of, key) => of?.get(key))
  assert.ok(torn.some(disagrees), `a look into the dictionary itself tears: ${torn}`)
})

react.run()
