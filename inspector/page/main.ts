/** Starts the page. */
import { html, render } from 'htm/preact'
import { App } from './app.ts'
import { Session } from './session.ts'
import { applyTheme } from './theme.ts'

/** Countdowns go on though nothing is told. Milliseconds. */
const TICK_MS = 250

const place = document.getElementById('page') as HTMLElement
const session = new Session(() => render(html`<${App} session=${session} />`, place))

applyTheme()
session.connect(`events${location.search}`)
session.changed()
setInterval(() => {
  if (session.mode === 'live' && !document.hidden) session.changed()
}, TICK_MS)
