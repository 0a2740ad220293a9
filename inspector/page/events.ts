/** What happened, newest first: events that actors were sent, and states that machines came to. */
import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Message } from '../message.ts'
import { uidOf, type World } from '../world.ts'
import { colourOf, machineOf, ownerOf, peerOf, stateText, syncOf, timeText } from './naming.ts'
import type { Session } from './session.ts'

const ROWS_MAX = 250
/** What the overview leaves out: what passes by the thousand. */
const QUIET =
  '-waterfall -census -reconcile -flush -peers.counted -network.reached -reminder -heartbeat'
const DETAIL_LETTERS_MAX = 300

export interface Happening {
  readonly id: number
  readonly at: string
  readonly owner: string
  readonly actor: string
  readonly from: string
  readonly what: string
  readonly kind: 'event' | 'state' | 'end'
  readonly detail: string
  readonly more: number
  readonly text: string
}

interface PaneInput {
  readonly session: Session
  readonly scope: string
  readonly filter: string
  readonly isCompact?: boolean
}

/** What is made of a message is kept: it is asked for again at every drawing. */
const known = new WeakMap<Message, Happening | null>()

export function EventsPane({ session, scope, filter, isCompact = false }: PaneInput) {
  const [opened, setOpened] = useState(-1)
  const { shown, isMore } = happenings(session, {
    scope,
    filter: isCompact ? `${QUIET} ${filter}` : filter,
    max: isCompact ? 40 : ROWS_MAX,
  })
  if (shown.length === 0) {
    const why = filter ? 'Nothing that fits the filter.' : 'Nothing has happened yet.'
    return html`<p class="empty">${why}</p>`
  }
  return html`<div class="scroll events"><table>
    <caption class="unseen">Events and states, newest first</caption>
    <thead><tr><th scope="col">Time</th><th scope="col">Whose</th><th scope="col">Actor</th>
      <th scope="col">What</th><th scope="col" class="wide">Detail</th></tr></thead>
    <tbody>${shown.map((one) =>
      drawRow(one, opened === one.id, () => setOpened(opened === one.id ? -1 : one.id)),
    )}</tbody>
  </table>${isMore && html`<p class="empty">Older ones are not listed; filter to find them.</p>`}
  </div>`
}

export function happenings(
  session: Session,
  { scope, filter, max }: { scope: string; filter: string; max: number },
): { shown: Happening[]; isMore: boolean } {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const { messages, count, first } = session.log
  const shown: Happening[] = []
  for (let index = count - 1; index >= 0; index--) {
    const message = messages[index] as Message
    let one = known.get(message)
    if (one === undefined) {
      one = happeningOf(message, { world: session.world, id: first + index })
      // Whose it is may not be known before its dictionary was told of.
      if (one === null || one.owner !== '') known.set(message, one)
    }
    if (one === null || (scope !== '' && one.owner !== scope)) continue
    if (!words.every((word) => fits(one as Happening, word))) continue
    if (shown.length >= max) return { shown, isMore: true }
    shown.push(one)
  }
  return { shown, isMore: false }
}

/** `-word` leaves out what the word finds. */
function fits({ text }: Happening, word: string): boolean {
  return word.startsWith('-') && word.length > 1
    ? !text.includes(word.slice(1))
    : text.includes(word)
}

function happeningOf(
  message: Message,
  { world, id }: { world: World; id: number },
): Happening | null {
  if (message.type !== '@xstate.event' && message.type !== '@xstate.snapshot') return null
  const actor = world.actors.get(uidOf(message))
  const owner = actor ? (peerOf(world, syncOf(world, actor)) ?? ownerOf(world, actor)) : ''
  const name = (actor && (machineOf(actor) ?? actor.message.name)) || message.sessionId
  const base = {
    id,
    at: timeText(Number(message.createdAt)),
    owner,
    actor: name,
    more: 0,
    from: '',
  }
  if (message.type === '@xstate.snapshot') {
    const { value, status } = message.snapshot
    const what = value === undefined ? status : stateText(value)
    const kind = status === 'active' ? 'state' : 'end'
    const detail = `after ${message.event.type}`
    return { ...base, what, kind, detail, text: `${owner} ${name} ${what} ${detail}`.toLowerCase() }
  }
  const { type, ...rest } = message.event
  const fields = Object.keys(rest).length > 0 ? JSON.stringify(rest) : ''
  const detail =
    fields.length > DETAIL_LETTERS_MAX ? `${fields.slice(0, DETAIL_LETTERS_MAX)}…` : fields
  const source =
    message.sourceId &&
    world.actors.get(uidOf({ source: message.source, sessionId: message.sourceId }))
  const from = source ? (machineOf(source) ?? source.message.name) : ''
  const text = `${owner} ${name} ${type} ${from} ${fields}`.toLowerCase()
  return { ...base, what: type, kind: 'event', detail, from, more: message.more ?? 0, text }
}

function drawRow(one: Happening, isOpen: boolean, toggle: () => void) {
  const { id, at, owner, actor, from, what, kind, detail, more } = one
  const name = actor.length > 14 ? `${actor.slice(0, 13)}…` : actor
  const phase = html`<span class=${`phase ${what.split('.')[0]}`}>${what}</span>`
  const source = from && html`<span class="from">${from} ▸ </span>`
  return html`<tr key=${id} class=${`${kind}${isOpen ? ' open' : ''}`} data-event=${what}
    onClick=${toggle}>
    <td><time>${at}</time></td>
    <td><span class=${`chip ${colourOf(owner)}`}>${owner}</span></td>
    <td class="actor" title=${from && `from ${from}`}>${name}</td>
    <td class="what">${kind === 'event' ? what : phase}
      ${more > 0 && html`<span class="more">and ${more.toLocaleString('en')} more</span>`}</td>
    <td class="wide detail"><code>${source}${detail}</code></td>
  </tr>`
}
