import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Coverage, isCoverageList, ORIGINS_MAX, RANGES_MAX } from '../../machines/rules/coverage.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { indexOrigin } from '../../machines/rules/replica.ts'
import { decode, encode } from '../../transport/codec.ts'
import { seedOfRun } from './chance.ts'
import { open, originOf } from './scene.ts'

const coverages = suite('rules/coverage')

coverages('numbers in order leave nothing but the last one', () => {
  const coverage = new Coverage()
  for (let number = 1; number <= 1_000; number++) {
    assert.not.ok(coverage.covers(number))
    coverage.add(number)
    assert.ok(coverage.covers(number))
  }
  assert.equal(coverage.list(), [1_000])
  assert.not.ok(coverage.hasGaps)
})

coverages('numbers in any order leave ranges, which close as their gaps are filled', () => {
  const coverage = new Coverage()
  coverage.add(7)
  coverage.add(3, 4)
  coverage.add(9, 12)
  assert.equal(coverage.list(), [0, 3, 4, 7, 7, 9, 12])
  assert.ok(coverage.hasGaps)
  coverage.add(5, 8)
  assert.equal(coverage.list(), [0, 3, 12])
  coverage.add(1, 2)
  assert.equal(coverage.list(), [12])
  assert.not.ok(coverage.hasGaps)
})

/** Small ranges close to one another, so that they touch, overlap and repeat. */
const anyRanges = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(6))
    .map(([first, more]) => [first, first + more] as const),
  { maxLength: 25 },
)

/** The same as a plain set of numbers would know. */
function check(make: () => Coverage) {
  return fc.property(anyRanges, anyRanges, (ranges, others) => {
    const coverage = make()
    const numbers = new Set<number>()
    for (const [first, last] of ranges) {
      coverage.add(first, last)
      for (let number = first; number <= last; number++) numbers.add(number)
      for (let number = 0; number < 70; number++) {
        assert.is(coverage.covers(number), number === 0 || numbers.has(number), `${number}`)
      }
    }
    const other = make()
    for (const [first, last] of others) other.add(first, last)
    const both = make()
    both.union(coverage.list())
    both.union(other.list())
    const reversed = make()
    reversed.union(other.list())
    reversed.union(coverage.list())
    assert.equal(both.list(), reversed.list())
    for (let number = 1; number < 70; number++) {
      assert.is(both.covers(number), coverage.covers(number) || other.covers(number))
    }
    assert.ok(isCoverageList([['alice', '1', ...both.list()]]))
    assert.equal(
      both.list(),
      [...both.list()].sort((one, two) => one - two),
    )
  })
}

/** Forgets the lower of two ranges that meet. */
class Careless extends Coverage {
  override add(first: number, last: number = first): void {
    super.add(this.covers(first - 1) && first > 2 ? first + 1 : first, last)
  }
}

coverages('it knows what a set of all numbers would know, and unions are unions', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  fc.assert(
    check(() => new Coverage()),
    { seed, numRuns: 500 },
  )
  assert.ok(
    fc.check(
      check(() => new Careless()),
      { seed, numRuns: 500 },
    ).failed,
  )
})

coverages('the highest numbers there are do no harm', () => {
  const coverage = new Coverage()
  coverage.add(Number.MAX_SAFE_INTEGER)
  coverage.add(1, Number.MAX_SAFE_INTEGER)
  assert.equal(coverage.list(), [Number.MAX_SAFE_INTEGER])
  assert.ok(coverage.covers(2 ** 40))
})

coverages('gaps without end take a bounded room, and never make more seen than was', () => {
  const coverage = new Coverage()
  for (let number = 2; number <= 20 * RANGES_MAX; number += 2) coverage.add(number)
  const list = coverage.list()
  assert.is(list.length, 1 + 2 * RANGES_MAX)
  assert.ok(list.every((number, index) => index === 0 || number % 2 === 0))
  assert.ok(JSON.stringify(coverage).length < 30 * RANGES_MAX)
  coverage.add(1, 20 * RANGES_MAX)
  assert.equal(coverage.list(), [20 * RANGES_MAX])
})

coverages(
  'what a peer tells of its coverage is taken by the codec, however much it has heard',
  () => {
    const alice = open('alice')
    const bob = alice.coverage[indexOrigin(alice, originOf('bob'))]
    for (let number = 2; number <= 4 * RANGES_MAX; number += 2) bob?.add(number)
    for (let run = 0; run <= ORIGINS_MAX; run++) {
      alice.coverage[indexOrigin(alice, originOf('carol', `${run}`))]?.add(1)
    }
    const coverage = coverageList(alice)
    const message = { kind: 'sync.ask', ask: 1, coverage, all: false } as const
    assert.equal(decode(encode(message)), message)
    assert.equal(coverage.at(-1), ['carol', `${ORIGINS_MAX}`, 1], 'the newest run is told')
  },
)

coverages('a list that no peer of ours would send is none', () => {
  const lists: unknown[] = [
    null,
    {},
    [1],
    [[]],
    [['alice', '1']],
    [['alice', '1', -1]],
    [['', '1', 1]],
  ]
  lists.push(
    [['alice', '1', 1, 2]],
    [['alice', '1', 3, 2, 4]],
    [['alice', '1', 0.5]],
    [['alice', 1, 1]],
  )
  lists.push(
    [['alice', '1', 2 ** 53]],
    [['alice', '1', Number.NaN]],
    [['alice', '1', '1']],
    [['a b', '1', 1]],
  )
  lists.push([['alice', '1', ...new Array(3 + 2 * RANGES_MAX).fill(1)]])
  lists.push(new Array(ORIGINS_MAX + 1).fill(['alice', '1', 1]))
  for (const list of lists) assert.not.ok(isCoverageList(list), JSON.stringify(list)?.slice(0, 60))
  assert.ok(isCoverageList([]))
  assert.ok(isCoverageList([['alice', '1', 0, 2, 2, 4, 9]]))
})

coverages.run()
