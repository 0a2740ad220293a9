/** The head of the page: how things stand, whose view, the filter, and what can be done. */
import { html } from 'htm/preact'
import { colourOf } from './naming.ts'
import type { Session } from './session.ts'
import { nextTheme } from './theme.ts'

export const PANES = ['overview', 'mesh', 'machines', 'dictionary', 'events'] as const
export type Pane = (typeof PANES)[number]

export interface Choice {
  readonly pane: Pane
  /** The peer whose view is shown; empty for all. */
  readonly scope: string
  readonly filter: string
  readonly isHelpOpen: boolean
}

export type Change = (part: Partial<Choice>) => void

export interface HeaderInput {
  readonly session: Session
  readonly choice: Choice
  readonly change: Change
  readonly field: { readonly current: HTMLInputElement | null }
}

export function Header({ session, choice, change, field }: HeaderInput) {
  const { mode, connection } = session
  const status = mode === 'live' ? connection : mode
  const typed = (event: Event) => change({ filter: (event.target as HTMLInputElement).value })
  return html`<header class="top">
    <${Name} />
    <span class=${`status ${status}`} role="status">${status}</span>
    <${Scope} session=${session} choice=${choice} change=${change} />
    <label class="filter"><span class="unseen">Filter</span>
      <input ref=${field} type="search" placeholder="Filter" aria-keyshortcuts="/"
        value=${choice.filter} onInput=${typed} /><kbd aria-hidden="true">/</kbd></label>
    <${Actions} session=${session} change=${change} />
  </header>`
}

function Name() {
  return html`<h1><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" />
    <circle cx="16" cy="12" r="5" /><path d="M16 17v9m0-4h4" /></svg>
    holdfast<span> inspector</span></h1>`
}

function Scope({ session, choice, change }: Omit<HeaderInput, 'field'>) {
  const { dictionaries } = session.world
  const peers = [...new Set([...dictionaries.values()].map(({ summary }) => summary.peerId))]
  const chosen = (event: Event) => change({ scope: (event.target as HTMLSelectElement).value })
  return html`<label class="scope"><span class="unseen">Whose view</span>
    <select class=${colourOf(choice.scope)} value=${choice.scope} onChange=${chosen}>
      <option value="">all peers</option>
      ${peers.map((peer) => html`<option value=${peer}>${peer}</option>`)}
    </select></label>`
}

function Actions({ session, change }: Pick<HeaderInput, 'session' | 'change'>) {
  const isLive = session.mode === 'live'
  const opened = (event: Event) => {
    const [file] = (event.target as HTMLInputElement).files ?? []
    if (file) void session.open(file)
  }
  return html`<div class="actions">
    <button type="button" class="pause" aria-keyshortcuts="Space"
      onClick=${() => (isLive ? session.togglePause() : session.goLive())}>
      ${isLive ? 'Pause' : 'Go live'}</button>
    <button type="button" class="save" aria-keyshortcuts="s" title="Save a recording"
      onClick=${() => download(session)}>Save</button>
    <label class="button open" title="Open a recording">Open<input class="unseen" type="file"
      accept=".jsonl,.ndjson,.json" onChange=${opened} /></label>
    <button type="button" class="icon theme" aria-label="Light or dark" title="Light or dark"
      onClick=${nextTheme}>◐</button>
    <button type="button" class="icon" aria-label="Keys and help" title="Keys and help"
      onClick=${() => change({ isHelpOpen: true })}>?</button>
  </div>`
}

/** Saves what the page remembers as a recording. */
export function download(session: Session): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(session.save())
  const moment = new Date(session.now).toISOString().slice(0, 19).replace(/[:T]/g, '-')
  link.download = `holdfast-${moment}.jsonl`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
