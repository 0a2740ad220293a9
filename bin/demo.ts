/** `holdfast demo`: five processes on this machine meet, write, die and agree. */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'

const FLAGS = {
  stray: { help: 'the latecomer opens another network, which the others refuse; ends with 1' },
} as const satisfies Flags

export const demoCommand: Command = {
  name: 'demo',
  usage: '',
  summary: 'watch five processes meet, write, die and agree',
  story: `
Starts five processes on this machine, which share a real data set, refuse a write, let a lease
lapse, lose one of them to SIGKILL and gain another, and end with the same digest everywhere. It
takes about ten seconds and needs no network.`,
  flags: FLAGS,
  examples: [{ line: 'holdfast demo', does: 'the whole story' }],
  exits: [EXIT.missing],
  async act(words) {
    const given = readWords({ name: 'demo', flags: FLAGS, words })
    requireWords(given, { name: 'demo', usage: '[flags]', min: 0, max: 0 })
    // Compiled or not, the demonstration lies beside this folder and ends as this file does.
    const ending = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
    const path = new URL(`../examples/demo/demo${ending}`, import.meta.url)
    const child = fork(fileURLToPath(path), given.has('stray') ? ['--stray'] : [])
    const pass = (signal: NodeJS.Signals) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass)
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(code ?? (signal === 'SIGINT' ? 130 : EXIT.signal + 15))
      })
    })
  },
}
