/** Every machine that lives: one chart for each kind, and a choice of whose. */
import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { ActorRecord, World } from '../world.ts'
import { Chart } from './chart.ts'
import { contextOf, labelOf, machineOf, ownerOf, peerOf, stateText, syncOf } from './naming.ts'

/** Machines of one kind that can be chosen. */
const CHOICES_MAX = 60
const FACT_LETTERS_MAX = 90
/** Ours come first, in the order of a dictionary's life. */
const ORDER = ['sync', 'mesh', 'connection', 'lease']

interface PaneInput {
  readonly world: World
  readonly now: number
  readonly scope: string
  readonly filter: string
}

export function MachinesPane({ world, now, scope, filter }: PaneInput) {
  const [chosen, setChosen] = useState<Readonly<Record<string, string>>>({})
  const kinds = kindsOf(world, { scope, filter })
  if (kinds.length === 0)
    return html`<p class="empty">No machine runs yet${filter && ' that fits the filter'}.</p>`
  return html`<div class="machines">
    ${kinds.map(([kind, actors]) => {
      const actor = actors.find(({ uid }) => uid === chosen[kind]) ?? (actors[0] as ActorRecord)
      const choose = (uid: string) => setChosen({ ...chosen, [kind]: uid })
      return html`<${Kind} key=${kind} ...${{ kind, actors, actor, world, now, choose }} />`
    })}
    <${Others} world=${world} scope=${scope} />
  </div>`
}

interface KindInput {
  readonly kind: string
  readonly actors: readonly ActorRecord[]
  /** The one that is drawn. */
  readonly actor: ActorRecord
  readonly world: World
  readonly now: number
  readonly choose: (uid: string) => void
}

function Kind({ kind, actors, actor, world, now, choose }: KindInput) {
  const state = stateText(actor.snapshot.value) || actor.snapshot.status
  return html`<section class=${`machine of-${kind}`} aria-label=${`${kind} machines`}>
    <header><h3>${kind}</h3><span class="count">${living(actors)}</span>
      <span class=${`phase ${phaseOf(actor)}`}>${state}</span></header>
    <${Choices} ...${{ kind, actors, world, choose }} chosen=${actor.uid} />
    <div class="canvas" tabindex="0" role="group" aria-label=${`Chart of ${kind}`}>
      <${Chart} actor=${actor} world=${world} now=${now} />
    </div>
    <${Facts} actor=${actor} world=${world} />
  </section>`
}

function kindsOf(world: World, { scope, filter }: { scope: string; filter: string }) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const kinds = new Map<string, ActorRecord[]>()
  for (const actor of world.actors.values()) {
    const kind = machineOf(actor)
    if (kind === undefined) continue
    if (scope !== '' && peerOf(world, syncOf(world, actor)) !== scope) continue
    const text = `${kind} ${labelOf(world, actor)} ${stateText(actor.snapshot.value)}`.toLowerCase()
    if (!words.every((word) => text.includes(word))) continue
    const others = kinds.get(kind) ?? []
    kinds.set(kind, others)
    others.push(actor)
  }
  for (const actors of kinds.values()) {
    actors.sort((one, other) => Number(one.isEnded) - Number(other.isEnded))
    actors.splice(CHOICES_MAX)
  }
  const place = (kind: string) => (ORDER.indexOf(kind) + ORDER.length + 1) % (ORDER.length + 1)
  const rank = (kind: string) => (ORDER.includes(kind) ? place(kind) - 1 : ORDER.length)
  return [...kinds].sort(([one], [other]) => rank(one) - rank(other))
}

function living(actors: readonly ActorRecord[]): string {
  const count = actors.filter(({ isEnded }) => !isEnded).length
  return count === actors.length ? `${count}` : `${count} of ${actors.length} live`
}

function phaseOf(actor: ActorRecord): string {
  return actor.isEnded ? 'closed' : (stateText(actor.snapshot.value).split('.')[0] ?? '')
}

type ChoicesInput = Omit<KindInput, 'actor' | 'now'> & { readonly chosen: string }

function Choices({ kind, actors, world, chosen, choose }: ChoicesInput) {
  if (actors.length < 2) return null
  return html`<div class="choices" role="group" aria-label=${`Whose ${kind}`}>
    ${actors.map((actor) => {
      const label = labelOf(world, actor)
      const looks = `choice ${phaseOf(actor)}${actor.isEnded ? ' ended' : ''}`
      return html`<button type="button" key=${actor.uid} aria-pressed=${actor.uid === chosen}
        class=${looks} data-choice=${label} onClick=${() => choose(actor.uid)}>${label}</button>`
    })}</div>`
}

/** What of its context may be shown, and what led here. */
function Facts({ actor, world }: { actor: ActorRecord; world: World }) {
  const facts: [string, string][] = [['of', ownerOf(world, actor)]]
  if (actor.cause) facts.push(['came by', actor.cause.replace(/^xstate\./, '')])
  for (const [name, value] of Object.entries(contextOf(actor))) {
    if (value === null || value === undefined || name === 'reader') continue
    const text = factText(value)
    if (text !== undefined) facts.push([name, text])
  }
  return html`<dl>${facts
    .slice(0, 12)
    .map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`
}

/** Plain values and lists of them; what nests is for the events. */
function factText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(factText)
    return texts.includes(undefined) || texts.length === 0 ? undefined : texts.join(', ')
  }
  if (typeof value === 'object') return undefined
  const text = String(value)
  return text.startsWith('‹') ? undefined : text.slice(0, FACT_LETTERS_MAX)
}

/** Actors without a chart. */
function Others({ world, scope }: { world: World; scope: string }) {
  const names = new Map<string, number>()
  for (const actor of world.actors.values()) {
    if (machineOf(actor) !== undefined || actor.isEnded) continue
    if (scope !== '' && peerOf(world, syncOf(world, actor)) !== scope) continue
    names.set(actor.message.name, (names.get(actor.message.name) ?? 0) + 1)
  }
  if (names.size === 0) return null
  const tag = ([name, count]: [string, number]) =>
    html`<span class="tag">${name}${count > 1 && html` <small>×${count}</small>`}</span> `
  return html`<section class="machine others" aria-label="Other actors">
    <header><h3>Other actors</h3></header><p>${[...names].map(tag)}</p></section>`
}
