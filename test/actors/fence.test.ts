import { fence, HoldfastError, openDictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import '../secret.ts'

const fences = suite('fence')

/** The code and the details of what a function throws. */
function refusal(act: () => unknown) {
  try {
    act()
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}

fences('bob passes after alice, and alice is kept out from then on', () => {
  const guard = fence()
  guard.check({ key: 'door', token: 7 })
  guard.check({ key: 'door', token: 7 })
  guard.check({ key: 'door', token: 9 })
  const error = refusal(() => guard.check({ key: 'door', token: 8 }))
  assert.is(error.code, 'TOKEN_STALE')
  assert.is(error.key, 'door')
  assert.is(error.token, 9)
  assert.is(guard.greatest('door'), 9)
})

fences('each key has tokens of its own, and bytes that are text are that text', () => {
  const guard = fence()
  guard.check({ key: 'door', token: 9 })
  guard.check({ key: 'gate', token: 1 })
  guard.check(1)
  assert.is(guard.greatest(), 1)
  const bytes = new TextEncoder().encode('door')
  assert.is(refusal(() => guard.check({ key: bytes, token: 8 })).code, 'TOKEN_STALE')
})

fences('a function runs if its token passes, and not if it is stale', () => {
  const guard = fence()
  const written: string[] = []
  assert.is(
    guard.run(2, () => written.push('bob')),
    1,
  )
  assert.is(refusal(() => guard.run(1, () => written.push('alice'))).code, 'TOKEN_STALE')
  assert.equal(written, ['bob'])
})

fences('alice, who is overtaken while she works, hears of it at the end', async () => {
  const guard = fence()
  let finish = (_: string) => {}
  const work = new Promise<string>((resolve) => {
    finish = resolve
  })
  const alice = guard.run(1, () => work)
  guard.check(2)
  finish('report')
  const error = await alice.catch((caught: unknown) => caught)
  assert.is((error as HoldfastError).code, 'TOKEN_STALE')
  assert.is(await guard.run(2, async () => 'report'), 'report')
})

fences('a full fence keeps out new keys, and forgets none by itself', () => {
  const guard = fence({ keysMax: 2 })
  guard.check({ key: 'door', token: 1 })
  guard.check({ key: 'gate', token: 1 })
  const error = refusal(() => guard.check({ key: 'wall', token: 1 }))
  assert.is(error.code, 'FENCE_FULL')
  assert.is(error.limit, 2)
  guard.check({ key: 'door', token: 2 })
  assert.is(guard.forget('gate'), true)
  assert.is(guard.forget('gate'), false)
  guard.check({ key: 'wall', token: 1 })
  assert.is(refusal(() => guard.check({ key: 'door', token: 1 })).code, 'TOKEN_STALE')
})

fences('what is no token, no key and no limit is refused, and changes nothing', () => {
  const guard = fence()
  for (const token of [-1, 1.5, Number.NaN, 2 ** 53, '1' as never, undefined as never]) {
    assert.is(refusal(() => guard.check({ token })).code, 'OPTION_INVALID', String(token))
  }
  assert.is(guard.greatest(), undefined)
  assert.is(refusal(() => guard.check({ key: '\ud800', token: 1 })).code, 'KEY_INVALID')
  for (const keysMax of [0, -1, 1.5, Number.NaN]) {
    assert.is(refusal(() => fence({ keysMax })).code, 'OPTION_INVALID', String(keysMax))
  }
})

fences('a lease and a receipt pass as they are', async () => {
  await using alice = await openDictionary({ peerId: 'alice' })
  const guard = fence()
  const lease = await alice.acquire('door')
  guard.check(lease)
  guard.check(alice.set('door', 'open', { token: lease.token }))
  lease.release()
  const later = await alice.acquire('door')
  guard.check(later)
  assert.is(refusal(() => guard.check(lease)).code, 'TOKEN_STALE')
})

fences.run()
