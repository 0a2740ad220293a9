/** Makes the page of its parts. For checkouts and `npm run build`; the package has it made. */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Assets } from './assets.ts'

/** What browsers of the last years understand. */
const TARGET = ['es2022', 'chrome109', 'firefox115', 'safari16.4']

export async function bundlePage(): Promise<Assets> {
  const { build } = await import('esbuild')
  const file = (name: string) => fileURLToPath(new URL(`page/${name}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: { page: file('main.ts'), style: file('page.css') },
    bundle: true,
    minify: true,
    format: 'esm',
    target: TARGET,
    write: false,
    outdir: 'out',
    legalComments: 'eof',
    logLevel: 'silent',
  })
  const textOf = (ending: string) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text as string
  return { script: textOf('page.js'), style: textOf('style.css') }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = new URL('../dist/inspector/', import.meta.url)
  const { script, style } = await bundlePage()
  await mkdir(folder, { recursive: true })
  await writeFile(new URL('page.js', folder), script)
  await writeFile(new URL('page.css', folder), style)
}
