/** Moves through time, when the page is held still or shows a recording. */
import { html } from 'htm/preact'
import { timeText } from './naming.ts'
import { type Session, SPEEDS } from './session.ts'

export function Timeline({ session }: { session: Session }) {
  const { playback, mode, isPlaying, speed, fileName } = session
  if (!playback) return null
  const { start, end, at } = playback
  const back = at >= end ? 'the end' : `−${((end - at) / 1_000).toFixed(1)} s`
  const moved = (event: Event) =>
    session.seek(start + Number((event.target as HTMLInputElement).value))
  return html`<div class="timeline" role="group" aria-label="Time">
    <strong>${mode === 'recording' ? `Recording ${fileName}` : 'Paused'}</strong>
    <button type="button" class="icon" aria-label=${isPlaying ? 'Stop playing' : 'Play'}
      onClick=${() => session.togglePlay()}>${isPlaying ? '❚❚' : '▶'}</button>
    <input type="range" aria-label="Moment" min="0" max=${Math.max(1, end - start)} step="1"
      value=${at - start} aria-valuetext=${timeText(at)} onInput=${moved} />
    <time>${timeText(at)} <small>${back}</small></time>
    <div class="speeds" role="group" aria-label="Speed">${SPEEDS.map(
      (one) => html`<button type="button" aria-pressed=${one === speed}
        onClick=${() => session.setSpeed(one)}>${one}×</button>`,
    )}</div>
    <button type="button" class="live" onClick=${() => session.goLive()}>Back to live</button>
  </div>`
}
