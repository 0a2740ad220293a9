/**
 * A page that shows a dictionary at work: machines, peers, keys, leases and events, live. It is
 * served to this machine only, and nothing is loaded from the internet. Here nobody opens a
 * browser: the example reads the stream that the page reads.
 */

import { openDictionary } from 'holdfast'
import { serveInspector } from 'holdfast/inspector'

const inspector = await serveInspector()
// Open inspector.url in a browser. It holds a token, so treat it like a password.
console.log('served at', new URL(inspector.url).hostname)

const { inspect } = inspector
const alice = await openDictionary({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'], inspect })
alice.set('door', 'open', { leaseMs: 60_000 })

const response = await fetch(inspector.url.replace('/?', '/events?'))
const stream = response.body?.pipeThrough(new TextDecoderStream())
let told = ''
for await (const piece of stream ?? []) {
  told += piece
  if (told.includes('"owner":"alice"')) break
}
const row = /\{"key":"door"[^}]*\}/.exec(told)?.[0] ?? '{}'
const { key, value, owner } = JSON.parse(row)
console.log(`${key} is ${value}, and ${owner}'s`)

await alice.close()
await inspector.close()
// -> served at 127.0.0.1
// -> door is ‹text, 4›, and alice's
