/** The dictionary as its peers see it: each key with its value, its owner, and what is left. */
import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { DictionaryRecord, RowRecord, World } from '../world.ts'
import { colourOf, restText } from './naming.ts'

/** Rows that are drawn at once. */
const ROWS_MAX = 400
/** How long a change stays marked. Milliseconds. */
const FRESH_MS = 1_500

type Order = 'key' | 'owner' | 'rest' | 'recent'

export interface Entry extends RowRecord {
  /** Who sees another owner than this one. */
  readonly dissent: readonly string[]
}

interface PaneInput {
  readonly world: World
  readonly now: number
  readonly scope: string
  readonly filter: string
  readonly isCompact?: boolean
}

export function DictionaryPane({ world, now, scope, filter, isCompact = false }: PaneInput) {
  const [order, setOrder] = useState<Order>(isCompact ? 'recent' : 'key')
  const seen = seenBy(world, scope)
  if (seen.length === 0) return html`<p class="empty">No dictionary is open yet.</p>`
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const entries = entriesOf(seen, now).filter((entry) => fits(entry, words))
  entries.sort(comparing(order))
  const shown = entries.slice(0, isCompact ? 14 : ROWS_MAX)
  const size = Math.max(...seen.map(({ summary }) => summary.size))
  const told = { shown: shown.length, found: entries.length, size, seen, scope }
  const head = (
    name: Order,
    text: string,
  ) => html`<th scope="col" aria-sort=${order === name ? 'ascending' : 'none'}>
    <button type="button" onClick=${() => setOrder(name)}>${text}</button></th>`
  return html`<div class="scroll dictionary"><table>
    <caption>${captionOf(told)}</caption>
    <thead><tr>${head('key', 'Key')}<th scope="col" class="wide">Value</th>${head('owner', 'Owner')}
      <th scope="col" class="number wide">Token</th>${head('rest', 'Lease')}</tr></thead>
    <tbody>${shown.map((entry) => drawEntry(entry, now))}</tbody>
  </table></div>`
}

/** The dictionaries that are open, or the one that was chosen. */
function seenBy(world: World, scope: string): DictionaryRecord[] {
  return [...world.dictionaries.values()].filter(({ uid, summary }) => {
    const isOpen = world.actors.get(uid)?.isEnded === false
    return isOpen && (scope === '' || summary.peerId === scope)
  })
}

/** One entry for each key; of several views that of the last grant counts, then the owner's. */
function entriesOf(seen: readonly DictionaryRecord[], now: number): Entry[] {
  const views = new Map<string, { peerId: string; row: RowRecord }[]>()
  for (const { summary, rows } of seen) {
    for (const row of rows.values()) {
      const others = views.get(row.key) ?? []
      views.set(row.key, others)
      others.push({ peerId: summary.peerId, row: live(row, now) })
    }
  }
  return [...views.values()].map((all) => {
    const rank = ({ peerId, row }: (typeof all)[number]) =>
      (row.token ?? -1) + (row.owner === peerId ? 0.5 : 0)
    const best = all.reduce((one, other) => (rank(other) > rank(one) ? other : one))
    // Owners give up early and the others wait long, so a lease at its end is no dispute.
    const isOther = ({ row }: (typeof all)[number]) =>
      row.owner !== undefined && row.owner !== best.row.owner
    const dissent = all.filter(isOther).map(({ peerId }) => peerId)
    return { ...best.row, dissent }
  })
}

/** A lease is over when its time is, even if nobody has told it yet. */
function live(row: RowRecord, now: number): RowRecord {
  if (row.deadline === undefined || row.deadline > now) return row
  const { owner: _, token: __, deadline: ___, remainingMs: ____, ...free } = row
  return free
}

function fits({ key, value = '', owner = 'free' }: Entry, words: readonly string[]): boolean {
  const text = `${key} ${value} ${owner}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

function comparing(order: Order): (one: Entry, other: Entry) => number {
  const byKey = (one: Entry, other: Entry) => (one.key < other.key ? -1 : 1)
  const never = Number.POSITIVE_INFINITY
  switch (order) {
    case 'key':
      return byKey
    case 'owner':
      return (one, other) =>
        (one.owner ?? '~').localeCompare(other.owner ?? '~') || byKey(one, other)
    case 'rest':
      return (one, other) =>
        (one.deadline ?? never) - (other.deadline ?? never) || byKey(one, other)
    case 'recent':
      return (one, other) => other.changedAt - one.changedAt || byKey(one, other)
  }
}

interface Caption {
  readonly shown: number
  readonly found: number
  readonly size: number
  readonly seen: readonly DictionaryRecord[]
  readonly scope: string
}

function captionOf({ shown, found, size, seen, scope }: Caption): string {
  const sees = `as ${seen[0]?.summary.peerId} sees it`
  const whose = scope === '' && seen.length > 1 ? `as ${seen.length} peers see it` : sees
  const all = Math.max(found, size)
  return shown < all ? `${shown} of ${all} keys, ${whose}` : `${found} keys, ${whose}`
}

function drawEntry(entry: Entry, now: number) {
  const { key, value, owner, token, dissent } = entry
  const fresh = now - entry.changedAt < FRESH_MS && now >= entry.changedAt ? 'fresh' : ''
  const kind = `wide value${value?.startsWith('‹') ? ' hidden' : ''}`
  const contested = html`<span class="dissent" title=${`${dissent.join(', ')} see it otherwise`}>
    contested</span>`
  return html`<tr key=${key} class=${fresh} data-key=${key} data-owner=${owner ?? 'free'}>
    <th scope="row"><code>${key}</code></th>
    <td class=${kind}>${value ?? html`<i>no value</i>`}</td>
    <td><span class=${`chip ${colourOf(owner)}`}>${owner ?? 'free'}</span>
      ${dissent.length > 0 && contested}</td>
    <td class="number wide">${token ?? ''}</td>
    <td>${drawLease(entry, now)}</td>
  </tr>`
}

function drawLease({ deadline, termMs = 1, key }: Entry, now: number) {
  if (deadline === undefined) return html`<span class="rest none">–</span>`
  const rest = Math.max(0, deadline - now)
  const share = Math.min(1, rest / Math.max(1, termMs))
  const mood = rest < 3_000 ? 'last' : share < 0.25 ? 'late' : ''
  return html`<span class="rest" data-lease=${key}>
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" rx="3" />
      <rect class=${`left ${mood}`} width=${(share * 100).toFixed(1)} height="6" rx="3" /></svg>
    <time class=${mood}>${restText(rest)}</time></span>`
}
