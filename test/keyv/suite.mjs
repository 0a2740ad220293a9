/**
 * The test suite that Keyv publishes for its stores, as it is, against a dictionary. Run it with
 * `npm run test:keyv`; what two processes see of one cache is in `test/adapters/keyv.test.ts`.
 */

import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import { openDictionary } from 'holdfast'
import { KeyvHoldfast } from 'holdfast/keyv'
import Keyv from 'keyv'
import * as vitest from 'vitest'

/** Keyv makes iterators for stores that it knows by name only; here it is told of this one. */
class IterableKeyv extends Keyv {
  constructor(options) {
    super(options)
    const { store } = options
    this.iterator = this.generateIterator(store.iterator.bind(store))
  }
}

for (const leasing of [true, false]) {
  const dictionary = await openDictionary({ leasing })
  const store = () => new KeyvHoldfast(dictionary)
  vitest.describe(`with leasing: ${leasing}`, () => {
    keyvTestSuite(vitest, Keyv, store)
    keyvIteratorTests(vitest, IterableKeyv, store)
    vitest.afterAll(() => dictionary.close())
  })
}
