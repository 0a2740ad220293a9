/**
 * The page, ready to be sent. `npm run build` puts it beside this file in `dist`; in a checkout it
 * is bundled when it is first asked for.
 */
import { readFile } from 'node:fs/promises'

export interface Assets {
  readonly script: string
  readonly style: string
}

let assets: Promise<Assets> | undefined

export function loadAssets(): Promise<Assets> {
  assets ??= read().catch(bundle)
  return assets
}

async function read(): Promise<Assets> {
  const [script, style] = await Promise.all(
    ['page.js', 'page.css'].map((name) => readFile(new URL(name, import.meta.url), 'utf8')),
  )
  return { script: script as string, style: style as string }
}

async function bundle(): Promise<Assets> {
  const { bundlePage } = await import('./bundle.ts')
  return bundlePage()
}
