/** How much of what members tell is kept. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  CENSUS_BYTES_MAX,
  type Census,
  hearPresence,
  MEMBERS_MAX,
  memberCoverage,
  type Presence,
} from '../../machines/rules/census.ts'
import { LIST_BYTES_MAX, listBytes } from '../../machines/rules/coverage.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'

const censuses = suite('rules/census: what is kept of members')

const run = '1' as RunId

/** What a member tells that has heard so many writers. */
function presenceOf(writers: number): Presence {
  const coverage = Array.from({ length: writers }, (_, each) => {
    return [`writer${each}` as PeerId, 'x'.repeat(100) as RunId, each] as const
  })
  return { addresses: [], coverage, members: [], lacks: [] }
}

function tell(census: Census, name: string, presence: Presence, now = 0) {
  return hearPresence(census, { origin: { peer: name as PeerId, run }, presence }, now)
}

function bytesOf(census: Census): number {
  return [...census.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

censuses('members that tell that they have heard of everybody fill no more than their room', () => {
  const presence = presenceOf(1_000)
  let census: Census = new Map()
  const limits = new Set<string | undefined>()
  for (let each = 0; each < MEMBERS_MAX; each++) {
    const step = tell(census, `mallory${each}`, presence)
    limits.add(step.limit)
    census = step.census
    if (each % 256 === 0) assert.ok(bytesOf(census) <= CENSUS_BYTES_MAX)
  }
  assert.ok(bytesOf(census) <= CENSUS_BYTES_MAX)
  assert.ok(bytesOf(census) > CENSUS_BYTES_MAX - LIST_BYTES_MAX)
  assert.equal([...limits], [undefined, 'members.heard'])
  assert.is(tell(census, 'one more', presence).limit, 'members')
})

censuses('whoever tells again takes the place of what it told before', () => {
  let census: Census = new Map()
  for (let now = 0; now < 1_000; now++) {
    const step = tell(census, 'alice', presenceOf(1_000), now)
    assert.is(step.limit, undefined)
    census = step.census
  }
  assert.is(bytesOf(census), listBytes(presenceOf(1_000).coverage))
})

censuses('what is left out of a long list counts as not heard', () => {
  const presence = presenceOf(4_000)
  const { census, limit } = tell(new Map(), 'mallory', presence)
  assert.is(limit, 'members.heard')
  const [list = []] = memberCoverage(census) ?? []
  assert.ok(listBytes(list) <= LIST_BYTES_MAX)
  assert.ok(list.length < presence.coverage.length)
  assert.ok(list.every((item) => presence.coverage.includes(item)))
})

censuses.run()
