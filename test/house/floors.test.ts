import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findOffences } from './floors.ts'
import { readSources } from './sources.ts'

const floors = suite('floors')

/** Each line: a file, a text planted in it, and what must be said about it. */
const planted: readonly (readonly [path: string, text: string, offence: string])[] = [
  ['machines/rules/entry.ts', "import { setup } from 'xstate'", 'package "xstate"'],
  ['machines/rules/entry.ts', "import type { A } from '../lease.ts'", 'machines/lease.ts'],
  ['machines/rules/entry.ts', "export * from '../lease.ts'", 'machines/lease.ts'],
  ['machines/lease.ts', "import { pack } from 'msgpackr'", 'package "msgpackr"'],
  ['machines/lease.ts', "import net from 'node:net'", 'package "node:net"'],
  ['machines/lease.ts', "import type { Wire } from '../transport/ports.ts'", 'transport/ports.ts'],
  ['machines/lease.ts', "type Wire = import('../transport/ports.ts').Wire", 'transport/ports.ts'],
  ['machines/lease.ts', "const store = await import('../actors/store.ts')", 'actors/store.ts'],
  ['machines/lease.ts', "const store = require('../actors/store.ts')", 'actors/store.ts'],
  ['machines/lease.ts', "import store = require('../actors/store.ts')", 'actors/store.ts'],
  ['machines/lease.ts', 'const name = "a"; import(name)', 'only running it can tell'],
  ['transport/codec.ts', "import type { A } from '../machines/lease.ts'", 'machines/lease.ts'],
  ['transport/codec.ts', "import type { A } from '../actors/store.ts'", 'actors/store.ts'],
  ['transport/codec.ts', "import { createActor } from 'xstate'", 'package "xstate"'],
  ['transport/browser/primitives.ts', "import 'node:crypto'", 'package "node:crypto"'],
  ['actors/browser/keyFile.ts', "import 'node:fs'", 'package "node:fs"'],
  ['transport/credentials.ts', "import '@noble/hashes/sha2.js'", 'package "@noble/hashes'],
  ['actors/store.ts', "import { pack } from 'msgpackr'", 'package "msgpackr"'],
  ['actors/store.ts', "import '../examples/demo/demo.ts'", 'examples/demo/demo.ts'],
  ['actors/store.ts', "import '../inspector/guard.ts'", 'inspector/guard.ts'],
  ['inspector/serve.ts', "import { pack } from 'msgpackr'", 'package "msgpackr"'],
  ['inspector/serve.ts', "import '../test/scenarios/world.ts'", 'test/scenarios/world.ts'],
  ['actors/store.ts', "import { world } from '../test/scenarios/world.ts'", 'test/scenarios'],
  ['index.ts', "export { world } from './test/scenarios/world.ts'", 'test/scenarios/world.ts'],
  ['index.ts', "export * from 'xstate'", 'package "xstate"'],
  ['index.ts', 'export const version = 1', 'more than re-export'],
  ['examples/queue.ts', "import { openDictionary } from '../index.ts'", 'import index.ts'],
  ['examples/queue.ts', "import { world } from '../test/world.ts'", 'test/world.ts'],
  ['examples/queue.ts', "import 'holdfast/actors'", 'package "holdfast/actors"'],
  ['bench/writes.ts', "import '../machines/rules/entry.ts'", 'machines/rules/entry.ts'],
  ['bin/holdfast.ts', "import '../actors/dictionary.ts'", 'actors/dictionary.ts'],
  ['adapters/react.ts', "import { View } from '../actors/store.ts'", 'actors/store.ts'],
  ['adapters/react.ts', "import { Keyv } from 'keyv'", 'package "keyv"'],
  ['adapters/views.ts', "import { useMemo } from 'react'", 'package "react"'],
  ['adapters/cron.ts', "import './views.ts'", 'adapters/views.ts'],
  ['test/a.test.ts', "import './b'", 'without its ending'],
  ['cellar/wine.ts', '', 'no room'],
  ['transport/utils.ts', '', 'no noun'],
  ['test/helpers.ts', '', 'no noun'],
  ['actors/types.ts', '', 'no noun'],
  ['machines/misc/entry.ts', '', 'no noun'],
  ['machines/lease.ts', 'const at = Date.now()', 'through Date'],
  ['machines/lease.ts', 'const at = new Date()', 'through Date'],
  ['machines/lease.ts', 'const { now } = Date', 'through Date'],
  ['machines/lease.ts', 'const dice = Math.random()', 'Math.random'],
  ['machines/lease.ts', 'const { random } = Math', 'Math.random'],
  ['machines/rules/entry.ts', 'setTimeout(() => {}, 1)', 'mentions setTimeout'],
  ['machines/rules/entry.ts', 'setInterval(() => {}, 1)', 'mentions setInterval'],
  ['machines/rules/entry.ts', 'if (process.env.A) a()', 'mentions process'],
  ['machines/rules/entry.ts', 'crypto.randomUUID()', 'mentions crypto'],
  ['machines/rules/entry.ts', 'globalThis.crypto', 'mentions globalThis'],
  ['machines/rules/entry.ts', 'const at = performance.now()', 'mentions performance'],
]

const allowed: readonly (readonly [path: string, text: string])[] = [
  ['machines/rules/entry.ts', "import { rank } from './version.ts'"],
  [
    'machines/lease.ts',
    "import { setup } from 'xstate'\nimport { rank } from './rules/version.ts'",
  ],
  ['machines/lease.ts', '// Never Date.now() or setTimeout here.\nconst text = "process.exit"'],
  ['machines/lease.ts', 'const most = Math.max(1, input.process)\nconst made = { crypto: 1 }'],
  ['machines/lease.ts', 'if (value instanceof Date) copy = new Date(value.getTime())'],
  ['machines/lease.ts', 'type Value = string | Date'],
  ['transport/codec.ts', "import { pack } from 'msgpackr'\nimport net from 'node:net'"],
  ['transport/codec.ts', "import type { Message } from '../machines/rules/message.ts'"],
  ['actors/store.ts', "import { nanoid } from 'nanoid'\nimport '../transport/tcp.ts'\nDate.now()"],
  [
    'examples/queue.ts',
    "import { openDictionary } from 'holdfast'\nimport { setup } from 'xstate'",
  ],
  ['examples/demo/demo.ts', "import 'holdfast/simulation'\nimport '../screen.ts'"],
  ['adapters/react.ts', "import { useMemo } from 'react'\nimport './views.ts'\nimport 'holdfast'"],
  ['index.ts', "export { openDictionary } from './actors/dictionary.ts'"],
  ['test/a.test.ts', "import { findOffences } from './house/floors.ts'\nimport(name)"],
]

floors('every source file keeps to its floor', () => {
  const sources = readSources('.ts')
  assert.ok(sources.length > 10, 'there are files to read')
  assert.equal(sources.flatMap(findOffences), [])
})

floors('an offence of each kind is caught, once, with its place', () => {
  for (const [path, text, offence] of planted) {
    const found = findOffences({ path, text })
    assert.is(found.length, 1, `${path}: ${text}: ${JSON.stringify(found)}`)
    assert.match(String(found[0]), offence)
    assert.match(String(found[0]), path)
  }
})

floors('what a floor allows is left alone', () => {
  for (const [path, text] of allowed) assert.equal(findOffences({ path, text }), [], text)
})

floors.run()
