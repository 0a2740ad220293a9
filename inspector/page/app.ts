/** The page: a header, five panes, a timeline, help; and what the keys do. */
import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { DictionaryPane } from './dictionary.ts'
import { EventsPane } from './events.ts'
import {
  type Change,
  type Choice,
  download,
  Header,
  type HeaderInput,
  PANES,
  type Pane,
} from './header.ts'
import { Help } from './help.ts'
import { MachinesPane } from './machines.ts'
import { MeshPane } from './mesh.ts'
import type { Session } from './session.ts'
import { nextTheme } from './theme.ts'
import { Timeline } from './timeline.ts'

/** How much `[` and `]` move. Milliseconds. */
const STEP_MS = 1_000

export function App({ session }: { session: Session }) {
  const [choice, setChoice] = useState<Choice>(() => {
    const asked = location.hash.slice(1) as Pane
    const pane = PANES.includes(asked) ? asked : 'overview'
    return { pane, scope: '', filter: '', isHelpOpen: false }
  })
  const change: Change = (part) => {
    if (part.pane) history.replaceState(null, '', `#${part.pane}`)
    setChoice((before) => ({ ...before, ...part }))
  }
  const field = useRef<HTMLInputElement>(null)
  useKeys((event) => press(event, { session, change, field }))
  const isDropping = useDrop(session)
  const { pane } = choice
  return html`<div class=${`frame ${session.mode}`}>
    <${Header} ...${{ session, choice, change, field }} />
    <${Tabs} pane=${pane} change=${change} />
    <${Complaint} session=${session} />
    <main id="pane" role="tabpanel" aria-labelledby=${`tab-${pane}`} data-pane=${pane}>
      <${Shown} session=${session} choice=${choice} /></main>
    <${Timeline} session=${session} />
    <${Help} isOpen=${choice.isHelpOpen} close=${() => change({ isHelpOpen: false })} />
    ${isDropping && html`<div class="drop"><p>Drop the recording to replay it</p></div>`}
  </div>`
}

function Shown({ session, choice }: { session: Session; choice: Choice }) {
  const { world, now } = session
  const { pane, scope, filter } = choice
  const view = { session, world, now, scope, filter }
  switch (pane) {
    case 'overview':
      return html`<div class="overview">
        <section aria-label="Mesh"><h2>Mesh</h2>
          <${MeshPane} ...${view} isCompact=${true} /></section>
        <section aria-label="Latest keys"><h2>Latest keys</h2>
          <${DictionaryPane} ...${view} isCompact=${true} /></section>
        <section aria-label="Latest events" class="broad"><h2>Latest events</h2>
          <${EventsPane} ...${view} isCompact=${true} /></section>
      </div>`
    case 'mesh':
      return html`<${MeshPane} ...${view} />`
    case 'machines':
      return html`<${MachinesPane} ...${view} />`
    case 'dictionary':
      return html`<${DictionaryPane} ...${view} />`
    case 'events':
      return html`<${EventsPane} ...${view} />`
  }
}

/** What did not work, until the reader has seen it. */
function Complaint({ session }: { session: Session }) {
  if (session.complaint === '') return null
  const dismiss = () => {
    session.complaint = ''
    session.changed()
  }
  return html`<p class="complaint" role="alert">${session.complaint}
    <button type="button" aria-label="Dismiss" onClick=${dismiss}>✕</button></p>`
}

function Tabs({ pane, change }: { pane: Pane; change: Change }) {
  const moved = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    const next = PANES[(PANES.indexOf(pane) + step + PANES.length) % PANES.length] as Pane
    change({ pane: next })
    document.getElementById(`tab-${next}`)?.focus()
    event.preventDefault()
  }
  return html`<nav class="tabs"><div role="tablist" aria-label="Panes" onKeyDown=${moved}>
    ${PANES.map(
      (name) => html`<button type="button" role="tab" id=${`tab-${name}`} aria-controls="pane"
        aria-selected=${name === pane} tabindex=${name === pane ? 0 : -1}
        onClick=${() => change({ pane: name })}>${name}</button>`,
    )}</div></nav>`
}

function press(
  event: KeyboardEvent,
  { session, change, field }: Omit<HeaderInput, 'choice'>,
): void {
  // A dialog that was just closed is told of a moment later.
  const isBusy = document.querySelector('dialog[open]') !== null
  if (event.ctrlKey || event.metaKey || event.altKey || isBusy) return
  const { target } = event
  if (target === field.current && event.key === 'Escape') {
    change({ filter: '' })
    field.current?.blur()
  }
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return
  const pane = PANES[Number(event.key) - 1]
  const step = { '[': -STEP_MS, ']': STEP_MS }[event.key]
  if (pane) change({ pane })
  else if (step) session.seek(session.now + step)
  else if (event.key === '/') field.current?.focus()
  // On a button, space is for that button; a tab that has the focus is chosen already.
  else if (event.key === ' ' && !isButton(target)) session.togglePause()
  else if (event.key === '?') change({ isHelpOpen: true })
  else if (event.key === 't') nextTheme()
  else if (event.key === 's') download(session)
  else return
  event.preventDefault()
}

function isButton(target: EventTarget | null): boolean {
  return target instanceof HTMLButtonElement && target.role !== 'tab'
}

/** Hears of keys that are pressed anywhere on the page. */
function useKeys(act: (event: KeyboardEvent) => void): void {
  const latest = useRef(act)
  latest.current = act
  useEffect(() => {
    const listen = (event: KeyboardEvent) => latest.current(event)
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}

/** A recording that is dropped anywhere is replayed. */
function useDrop(session: Session): boolean {
  const [isDropping, setDropping] = useState(false)
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault()
      setDropping(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setDropping(false)
    const drop = (event: DragEvent) => {
      event.preventDefault()
      setDropping(false)
      const file = event.dataTransfer?.files[0]
      if (file) void session.open(file)
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [session])
  return isDropping
}
