/** `holdfast inspect`, as it is typed: a peer of its own, and the page of what it sees. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXIT } from '../../bin/exit.ts'
import { bundlePage } from '../../inspector/bundle.ts'
import { Hut } from './hut.ts'

const inspect = suite('holdfast inspect')

let hut: Hut

inspect.before(async () => {
  hut = await Hut.build()
  // As the build puts them there.
  const folder = join(hut.folder, 'dist/inspector')
  mkdirSync(folder, { recursive: true })
  const { script, style } = await bundlePage()
  writeFileSync(join(folder, 'page.js'), script)
  writeFileSync(join(folder, 'page.css'), style)
})

inspect.after(() => hut.end())

inspect('it prints an address, and only who has its token gets the page', async () => {
  const eve = hut.stay('inspect', '--peer-id', 'eve')
  await eve.says(/http:\/\/\S+\n/)
  const url = new URL(eve.output.trim())
  assert.is(url.hostname, '127.0.0.1')
  const page = await fetch(url)
  assert.is(page.status, 200)
  assert.match(await page.text(), /<script/)
  const stranger = await fetch(new URL('/', url.origin))
  assert.ok(stranger.status >= 400, String(stranger.status))
  eve.signal('SIGINT')
  assert.is(await eve.exited, 130)
  assert.is(eve.errors, '')
})

inspect('a port that is none is refused before anything opens', async () => {
  const { code, errors } = await hut.type('holdfast inspect --port door')
  assert.is(code, EXIT.usage)
  assert.match(errors, /--port must be a number from 0 to 65535, and is door\./)
})

inspect.run()
