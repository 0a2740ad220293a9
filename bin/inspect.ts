/** `holdfast inspect`: serves the page that shows what goes on. */

import { type Dictionary, openDictionary } from 'holdfast'
import type { Command } from './command.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { Interruption } from './interruption.ts'
import { failureOf } from './network.ts'
import { print } from './output.ts'
import { paint } from './paint.ts'
import { readSettings, settingFlags, surroundings } from './settings.ts'
import { visitPlace } from './visit.ts'

const FLAGS = {
  port: { value: 'NUMBER', help: 'where the page is served, on this machine; default any' },
  values: { help: 'show values, too; default only what kind they are of' },
  ...settingFlags('network', 'join', 'peerId', 'secretFile'),
} as const satisfies Flags

export const inspectCommand: Command = {
  name: 'inspect',
  usage: '',
  summary: 'serve a page that shows machines, peers and keys live',
  story: `
Joins the network with a peer of its own, prints the address of a page that shows what goes on at
it, and serves that until it is interrupted. The page is for this machine only, and its address
holds a token: whoever has it sees what you see.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast inspect', does: 'prints an address to open in a browser' },
    { line: 'holdfast inspect --values', does: 'the same, and the page shows values' },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'inspect', flags: FLAGS, words })
    requireWords(given, { name: 'inspect', usage: '[flags]', min: 0, max: 0 })
    const place = visitPlace(readSettings({ given, ...surroundings() }))
    const port = readPort(given.text('port') ?? '0')
    const interruption = new Interruption()
    // Only this command needs it, and it takes a while to load.
    const { serveInspector } = await import('holdfast/inspector')
    let dictionary: Dictionary | undefined
    try {
      const values = given.has('values')
      await using inspector = await serveInspector({
        port,
        values,
        name: place.peerId ?? 'holdfast',
      })
      dictionary = await openDictionary({ ...place, inspect: inspector.inspect })
      await print(`${paint('bold', inspector.url)}`)
      await interruption.asked
      await dictionary.close()
      return interruption.status
    } catch (error) {
      throw failureOf(error)
    } finally {
      await dictionary?.close()
      interruption.end()
    }
  },
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65_536) return port
  throw new Failure(EXIT.usage, `--port must be a number from 0 to 65535, and is ${text}.`)
}
