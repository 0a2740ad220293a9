/** A short siege of each kind; `npm run attackers -- --flood` measures a long one. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withCompany } from '../actors/company.ts'
import { ATTACKS, besiege, quantile } from './siege.ts'

/** Without limits a crowd keeps everybody out for five seconds at a time. Milliseconds. */
const JOIN_MS_MAX = 3_000

const siege = suite('attackers/siege')

for (const attack of Object.keys(ATTACKS)) {
  siege(
    `${attack}: others join and write all the while`,
    withCompany(async (company) => {
      const { joinMs, setMs } = await besiege(company, { attack, size: 150, rounds: 4 })
      const [join, set] = [quantile(joinMs, 0.5), quantile(setMs, 0.5)]
      assert.ok(join < JOIN_MS_MAX, `a join took ${join} ms`)
      assert.ok(set < JOIN_MS_MAX, `a set took ${set} ms`)
    }),
  )
}

siege.run()
