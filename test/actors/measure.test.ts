/**
 * Peers that take larger or smaller entries than others do not meet, over real loopback TCP: one of
 * them would hold what the other can never be given.
 */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Handshake } from '../../actors/handshake.ts'
import { MEASURES_TEXT } from '../../machines/rules/measure.ts'
import { listen, rejected, until, withCompany } from './company.ts'
import { openHost, REPLY_WORDS } from './host.ts'
import { Stranger } from './stranger.ts'

const measures = suite('measures')

/** What a build says of itself whose numbers are others, by the reason that this leads to. */
const OTHERS: readonly (readonly [string, string])[] = MEASURES_TEXT.split(' ').map(
  (numbers, at, all) => {
    const name = ['key', 'value', 'term', 'frame'][at]
    return [`measure-${name}`, all.with(at, numbers.replace(/\d+/, '7')).join(' ')]
  },
)

for (const [reason, words] of OTHERS) {
  measures(
    `${reason} is told at both ends, whoever dials`,
    withCompany(async (company) => {
      const { alice, address } = await company.two()
      const refused = listen(alice as never, 'refused')
      const stranger = await Stranger.dial(address)
      stranger.preamble().hello({ measures: words })
      await until(() => stranger.isClosed && refused.length > 0)
      assert.equal([refused[0]?.reason, refused[0]?.by], [reason, 'us'])
      assert.equal(stranger.proofs, [{ verdict: 'refused', reason }])
      const answer = (side: Handshake) => side.reply({ ...REPLY_WORDS, measures: words })
      const host = await openHost({ answer })
      try {
        const error = await rejected('RULES_MISMATCH', alice.connect(host.address))
        assert.is(error.reason, reason)
      } finally {
        host.close()
      }
      assert.is(alice.peers.length, 1)
    }),
  )
}

measures.run()
