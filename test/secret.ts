/**
 * The secret of all tests, for whatever opens a dictionary without naming one, here or in a process
 * of its own. It is in a file like that of a user, because whoever is given a secret signs. Nothing
 * is read from or written into the home of who runs the tests.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** 256 bits, known to everybody. */
export const SECRET = 'secret-of-all-tests-of-holdfast!'

/** Where processes of these tests look for what a user keeps. */
export const CONFIG_HOME = join(tmpdir(), `holdfast-tests-${process.getuid?.() ?? 'user'}`)

function keepSecret(): void {
  const folder = join(CONFIG_HOME, 'holdfast')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = join(folder, `secret.${process.pid}`)
  writeFileSync(draft, `${Buffer.from(SECRET).toString('base64url')}\n`, { mode: 0o600 })
  renameSync(draft, join(folder, 'secret'))
}

keepSecret()
process.env.XDG_CONFIG_HOME = CONFIG_HOME
delete process.env.HOLDFAST_SECRET
