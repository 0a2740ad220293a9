/**
 * A dictionary as the store of a Keyv, shared by two. Keyv's own test suite is run beside this:
 * `npm run test:keyv`.
 */

import { KeyvHoldfast } from 'holdfast/keyv'
import Keyv, { type KeyvStoreAdapter } from 'keyv'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rejected, until, withCompany } from '../actors/company.ts'

const keyv = suite('keyv')

for (const leasing of [true, false]) {
  keyv(
    `what one process caches another one finds, and may replace, leasing ${leasing}`,
    withCompany(async (company) => {
      const { alice, bob } = await company.two({ leasing })
      const [one, other] = [alice, bob].map((dictionary) => {
        const store: KeyvStoreAdapter = new KeyvHoldfast(dictionary)
        return new Keyv({ store, namespace: 'pages', throwOnErrors: true })
      })
      assert.ok(one && other)
      await one.set('home', { title: 'Home' })
      await until(() => bob.has('pages:home'))
      assert.equal(await other.get('home'), { title: 'Home' })
      await other.set('home', { title: 'At home' })
      await until(() => String(alice.get('pages:home')).includes('At home'))
      assert.equal(await one.get('home'), { title: 'At home' })
      assert.is(await one.delete('home'), true)
      await until(() => !bob.has('pages:home'))
      assert.is(await other.get('home'), undefined)
      assert.is(alice.status, 'nominal')
    }),
  )
}

keyv(
  'a key that somebody holds on purpose is refused',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    alice.set('keyv:home', 'hers')
    await until(() => bob.has('keyv:home'))
    const cache = new Keyv({ store: new KeyvHoldfast(bob), throwOnErrors: true })
    cache.on('error', () => {})
    await rejected('LEASE_HELD', cache.set('home', 'his'))
    assert.is(bob.get('keyv:home'), 'hers')
  }),
)

keyv(
  'many at once, and all of a namespace',
  withCompany(async (company) => {
    const alice = await company.alone()
    const store = new KeyvHoldfast(alice)
    const cache = new Keyv({ store, namespace: 'pages' })
    const pairs = ['a', 'b', 'c'].map((key) => ({ key, value: key.toUpperCase() }))
    assert.equal(await cache.setMany(pairs), [true, true, true])
    alice.set('elsewhere', 1)
    assert.equal(await cache.getMany(['a', 'x', 'c']), ['A', undefined, 'C'])
    assert.equal(await cache.hasMany(['a', 'x']), [true, false])
    const iterate = cache.generateIterator(store.iterator.bind(store))
    const found: unknown[] = []
    for await (const pair of iterate('pages')) found.push(pair)
    assert.equal(found, [
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
    ])
    assert.is(await cache.deleteMany(['a', 'x']), true)
    await cache.clear()
    assert.equal([...alice.keys()], ['elsewhere'])
  }),
)

keyv(
  'what expired is shown to nobody, and removed by who wrote it',
  withCompany(async (company) => {
    const alice = await company.alone()
    const timers: (() => void)[] = []
    const { setTimeout: before } = globalThis
    // The sweep is called here instead of waited for.
    globalThis.setTimeout = ((work: () => void) => {
      timers.push(work)
      return { unref() {} }
    }) as never
    const store = new KeyvHoldfast(alice)
    const cache = new Keyv({ store })
    await cache.set('short', 1, 1)
    await cache.set('rewritten', 1, 1)
    await cache.set('rewritten', 2)
    await cache.set('long', 1, 60_000)
    globalThis.setTimeout = before
    await until(() => Date.now() % 5 === 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.is(alice.size, 3)
    assert.is(timers.length, 1, 'one timer for all of them')
    timers[0]?.()
    assert.equal([...alice.keys()], ['keyv:rewritten', 'keyv:long'])
    assert.is(await cache.get('rewritten'), 2)
    await store.disconnect()
  }),
)

keyv.run()
