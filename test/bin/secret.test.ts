import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../bin/exit.ts'
import { placeOf } from '../../bin/network.ts'
import { secretCommand } from '../../bin/secret.ts'

const secrets = suite('holdfast secret')

secrets('it takes no words, and each text that it prints is a new one', async () => {
  const said: string[] = []
  const { write } = process.stdout
  process.stdout.write = ((text: string, done?: unknown) => {
    said.push(text)
    if (typeof done === 'function') done()
    return true
  }) as typeof write
  try {
    for (let count = 0; count < 2; count++) assert.is(await secretCommand.act([]), 0)
  } finally {
    process.stdout.write = write
  }
  for (const text of said) assert.match(text, /^[\w-]{43}\n$/)
  assert.is(new Set(said).size, 2)
})

secrets('a file names the secret, unless others can read it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  try {
    const path = join(folder, 'secret')
    writeFileSync(path, 'a secret\n', { mode: 0o600 })
    assert.is(placeOf({ secretFile: [path] }).secret, 'a secret')
    const open = join(folder, 'open')
    writeFileSync(open, 'a secret\n', { mode: 0o644 })
    for (const wrong of [open, join(folder, 'missing')]) {
      assert.throws(
        () => placeOf({ secretFile: [wrong] }),
        (error: unknown) => error instanceof Failure,
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

secrets.run()
