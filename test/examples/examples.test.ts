import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Block, checkCode } from '../house/readme.ts'
import '../secret.ts'

const examples = suite('examples')

const EXAMPLE_LINES_MAX = 60
/** How long one example may run; others run at the same time. */
const EXAMPLE_MS_MAX = 60_000

const names = readdirSync('examples').filter((name) => name.endsWith('.ts'))

function read(name: string): Block {
  const text = readFileSync(`examples/${name}`, 'utf8')
  return { place: `examples/${name}:1`, language: 'ts', run: true, text }
}

examples('each one runs, ends by itself, and prints what its comments say', async () => {
  assert.ok(names.length >= 6)
  assert.equal(await checkCode(names.map(read), EXAMPLE_MS_MAX), [])
})

examples('each one is short, begins with what it shows, and says what it prints', () => {
  for (const name of names) {
    const { text } = read(name)
    assert.ok(text.split('\n').length <= EXAMPLE_LINES_MAX, name)
    assert.match(text, /^\/\*\*\n \* [A-Z]/, name)
    assert.match(text, /^ *\/\/ -> ./m, name)
  }
})

examples('presence takes twenty lines', () => {
  assert.ok(read('presence.ts').text.trimEnd().split('\n').length <= 20)
})

examples('the list names each one, and none that is missing', () => {
  const list = readFileSync('examples/README.md', 'utf8')
  const listed = [...list.matchAll(/^\| \[[\w-]+\.ts\]\(([\w-]+\.ts)\)/gm)].map(([, name]) => name)
  assert.equal(listed.sort(), names.sort())
})

examples.run()
