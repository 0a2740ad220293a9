/**
 * A page without a browser: happy-dom gives it a document, react-dom renders into it. Imported
 * before react-dom, which looks for the document when it is loaded.
 */

import { Window } from 'happy-dom'
import { act, type ReactNode } from 'react'

/** How long a test waits for the page, in milliseconds. */
const UNTIL_MS_MAX = 5_000
const LOOK_MS = 5

const window = new Window()
Object.assign(globalThis, {
  window,
  document: window.document,
  navigator: window.navigator,
  HTMLElement: window.HTMLElement,
  HTMLIFrameElement: window.HTMLIFrameElement,
  IS_REACT_ACT_ENVIRONMENT: true,
})

const { createRoot, hydrateRoot } = await import('react-dom/client')

/** A component on the page, and what it shows. */
export interface Shown {
  readonly text: string
  /** Runs something that changes what is shown, until React is done with it. */
  act(change: () => unknown): Promise<void>
  /** Lets time pass until the page shows this. */
  until(text: string): Promise<void>
  render(node: ReactNode): Promise<void>
  unmount(): Promise<void>
}

/** Renders into a new element of the page; with `html`, makes what is there alive. */
export async function show(node: ReactNode, html?: string): Promise<Shown> {
  const element = window.document.createElement('main')
  const container = element as never
  window.document.body.append(element)
  if (html !== undefined) element.innerHTML = html
  let root: { render(node: ReactNode): void; unmount(): void } | undefined
  await act(async () => {
    if (html === undefined) {
      root = createRoot(container)
      root.render(node)
    } else root = hydrateRoot(container, node)
  })
  return {
    get text() {
      return element.textContent ?? ''
    },
    act: (change) =>
      act(async () => {
        await change()
      }),
    until: async (text) => {
      const startMs = performance.now()
      while (element.textContent !== text) {
        if (performance.now() - startMs > UNTIL_MS_MAX) {
          throw new Error(`It shows "${element.textContent}", and never "${text}".`)
        }
        // React renders when `act` is over.
        await act(() => new Promise((resolve) => setTimeout(resolve, LOOK_MS)))
      }
    },
    render: (next) => act(async () => root?.render(next)),
    unmount: () =>
      act(async () => {
        root?.unmount()
        element.remove()
      }),
  }
}
