import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MISHAPS, type Mishap, playRound, type Round } from './overlap.ts'

/**
 * Real processes: they need real time. More rounds: npx tsx test/bin/overlap.ts --rounds 100
 */
const overlaps = suite('overlap')

const PAUSES_MS = [0, 700]

/** Rounds mostly wait, so those of the next mishap are played beside those of this one. */
let ahead: Promise<Round[]> | undefined

function play(mishap: Mishap): Promise<Round[]> {
  return Promise.all(PAUSES_MS.map((pauseMs) => playRound(mishap, pauseMs)))
}

for (const [index, mishap] of MISHAPS.entries()) {
  overlaps(`${mishap}: bob's command starts when alice's and its child are dead`, async () => {
    const rounds = ahead ?? play(mishap)
    const next = MISHAPS[index + 1]
    ahead = next && play(next)
    // What goes wrong there is told by the scene that it belongs to.
    ahead?.catch(() => {})
    for (const { gapMs, codes, tokens, words } of await rounds) {
      assert.ok(gapMs > 0, `a gap of ${gapMs} ms`)
      assert.ok(words.has('bob start') && words.has('bob end'), [...words].join())
      assert.is(codes[1], 0)
      if (mishap !== 'start together') {
        assert.not(words.has('alice end'), [...words].join())
        // Without its supervisor the command is killed unasked.
        assert.is(words.has('alice asked'), mishap !== 'cut and unsupervised')
        assert.is(codes[0], mishap === 'killed' ? null : 124)
        assert.equal(tokens, [1, 1, 2], 'alice, her child, and bob under a greater token')
      } else {
        assert.is(codes[0], 0)
        assert.is(new Set(tokens).size, 2, `tokens ${tokens}`)
      }
    }
  })
}

overlaps.run()
