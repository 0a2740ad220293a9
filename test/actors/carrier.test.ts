import { HoldfastError, openDictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import '../secret.ts'
import type { Transport } from '../../transport/ports.ts'

/** A carrier that can nothing but throw. */
const broken: Transport = {
  scheme: 'broken',
  dial: () => {
    throw new Error('a broken dial')
  },
  listen: () => {
    throw new Error('a broken listener')
  },
}

const carrier = suite('a carrier that throws')

carrier('openDictionary rejects when listen throws', async () => {
  const opening = openDictionary({ listen: ['broken://here'], transports: [broken] })
  const error = await opening.then(
    () => undefined,
    (cause) => cause,
  )
  assert.instance(error, HoldfastError)
  assert.is(error.code, 'LISTEN_FAILED')
  assert.match(error.message, 'a broken listener')
})

carrier('connect rejects when dial throws, and the dictionary works on', async () => {
  const dictionary = await openDictionary({ transports: [broken] })
  const error = await dictionary.connect('broken://there').then(
    () => undefined,
    (cause) => cause,
  )
  assert.is(error?.code, 'CONNECT_FAILED')
  const problems = dictionary.status as readonly HoldfastError[]
  assert.equal(
    problems.map(({ code, cause }) => [code, String(cause)]),
    [['ACTOR_FAILED', 'Error: a broken dial']],
  )
  dictionary.set('door', 'open')
  assert.is(dictionary.get('door'), 'open')
  await dictionary.close()
})

carrier.run()
