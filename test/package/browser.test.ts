/** The core in a browser: without anything of Node, and the same to all that it meets. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as carriersStandIn from '../../actors/browser/carriers.ts'
import * as diagnosticsStandIn from '../../actors/browser/diagnostics.ts'
import * as keyFileStandIn from '../../actors/browser/keyFile.ts'
import type * as carriers from '../../actors/carriers.ts'
import type * as diagnostics from '../../actors/diagnostics.ts'
import type * as keyFile from '../../actors/keyFile.ts'
import * as inBrowser from '../../transport/browser/primitives.ts'
import * as inNode from '../../transport/primitives.ts'
import { findChromium } from '../inspector/browser.ts'
import { bundlePage, EXPECTED, play, standIns } from './browserPage.ts'

const browser = suite('the core in a browser')

const seed = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const bytes = new TextEncoder().encode('the door is open')
const sides = [
  [inNode, inBrowser],
  [inBrowser, inNode],
] as const

/** The compiler refuses a stand-in that lacks what the others may import. */
interface StandIns {
  readonly carriers: typeof carriers
  readonly diagnostics: typeof diagnostics
  readonly keyFile: Omit<typeof keyFile, 'KEY_BYTES' | 'freshSecret'>
  readonly primitives: typeof inNode
}

browser('each stand-in has all that it stands for', () => {
  const all: StandIns = {
    carriers: carriersStandIn,
    diagnostics: diagnosticsStandIn,
    keyFile: keyFileStandIn,
    primitives: inBrowser,
  }
  assert.equal(Object.keys(all.primitives).sort(), Object.keys(inNode).sort())
  assert.not(all.diagnostics.areChangesPublished())
})

browser('keys, hashes and proofs are the same as in Node', () => {
  for (const count of [0, 1, 55, 56, 64, 1_000]) {
    const parts = [bytes, new Uint8Array(count).fill(count)]
    assert.equal([...inBrowser.sha256(parts)], [...inNode.sha256(parts)])
  }
  assert.equal([...inBrowser.hmacSha256(seed, bytes)], [...inNode.hmacSha256(seed, bytes)])
  const from = { salt: 'network ä', info: 'holdfast/1 tag' }
  assert.equal([...inBrowser.hkdfSha256(seed, from)], [...inNode.hkdfSha256(seed, from)])
  const [leaf, leaves] = [new Uint8Array(40), new Uint8Array(40)]
  inBrowser.sha256Writer(leaf)(bytes, { at: 20, bytes: 16 })
  inNode.sha256Writer(leaves)(bytes, { at: 20, bytes: 16 })
  assert.equal(leaf, leaves)
  assert.ok(leaf.some((byte) => byte !== 0))
})

browser('what one signs the other verifies, and nothing else', () => {
  for (const [one, other] of sides) {
    const key = one.signingKeyOf(seed)
    const signature = key.sign(bytes)
    assert.ok(other.isSignedBy(key.publicKey, { bytes, signature }))
    const forged = Uint8Array.from(signature, (byte, index) => (index === 9 ? byte ^ 1 : byte))
    assert.not(other.isSignedBy(key.publicKey, { bytes, signature: forged }))
    assert.not(other.isSignedBy(key.publicKey, { bytes: seed, signature }))
    assert.equal([...key.publicKey], [...other.signingKeyOf(seed).publicKey])
    assert.ok(one.isSame(seed, Uint8Array.from(seed)))
    assert.not(one.isSame(seed, new Uint8Array(32)))
    assert.is.not(String(one.randomBytes(16)), String(one.randomBytes(16)))
  }
})

browser('it is bundled without anything of Node', async () => {
  assert.equal((await bundlePage('.', [standIns('.')])).fromNode, [])
  const bare = await bundlePage('.')
  assert.ok(bare.fromNode.length > 5, 'without stand-ins the check finds what there is')
})

const where = findChromium() === undefined ? browser.skip : browser

where('two dictionaries in one page share a key, each write signed', async () => {
  const { script } = await bundlePage('.', [standIns('.')])
  assert.equal(await play(script), EXPECTED)
})

browser.run()
