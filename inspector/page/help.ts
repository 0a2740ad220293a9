/** What the keys do. */
import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'

const KEYS = [
  ['1 – 5', 'Overview, Mesh, Machines, Dictionary, Events'],
  ['← →', 'the next pane, when a tab has the focus'],
  ['/', 'filter; Esc clears it. -word leaves out'],
  ['Space', 'pause, play, go on'],
  ['[  ]', 'a second back or forth, while paused'],
  ['s', 'save a recording'],
  ['t', 'light or dark'],
  ['?', 'this help'],
] as const

export function Help({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const { current } = dialog
    if (isOpen && current && !current.open) current.showModal()
    if (!isOpen) current?.close()
  }, [isOpen])
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClose=${close}
    onClick=${(event: Event) => event.target === dialog.current && close()}>
    <div><h2 id="help-title">Keys</h2>
    <dl>${KEYS.map(
      ([key, does]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`,
    )}</dl>
    <p>Drop a recording anywhere on the page to replay it. Half of a line in the mesh is what the
      peer at that end believes of the connection.</p>
    <button type="button" onClick=${close}>Close</button></div>
  </dialog>`
}
