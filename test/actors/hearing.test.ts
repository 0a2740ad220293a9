/** What a dictionary hears: messages, handlers, listeners, and what becomes of their mistakes. */
import type { HoldfastError } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listen, told, until, withCompany } from './company.ts'

const hearing = suite('hearing')

hearing(
  'recv takes the oldest message, recv(n) up to so many',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<number>()
    assert.is(bob.recv(), undefined)
    assert.equal(bob.recv(3), [])
    const heard = listen(bob as never, 'message')
    for (let number = 1; number <= 6; number++) alice.send(number)
    await until(() => heard.length === 6)
    assert.equal(bob.recv(), { type: 'message', payload: 1, from: 'alice', isWhisper: false })
    const payloads = (messages: readonly { payload: number }[]) =>
      messages.map(({ payload }) => payload)
    assert.equal(payloads(bob.recv(2)), [2, 3])
    assert.equal(bob.recv(0), [])
    assert.equal(payloads(bob.recv(99)), [4, 5, 6])
    assert.is(bob.recv(), undefined)
  }),
)

hearing(
  'messages() gives what waits, then what comes, and ends when the dictionary closes',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<number>()
    const heard = listen(bob as never, 'message')
    alice.send(1)
    await until(() => heard.length === 1)
    const taken: number[] = []
    const reading = (async () => {
      for await (const { payload } of bob.messages()) taken.push(payload)
    })()
    await until(() => taken.length === 1)
    alice.send(2)
    alice.send(3)
    await until(() => taken.length === 3)
    assert.equal(taken, [1, 2, 3])
    assert.is(bob.recv(), undefined)
    await bob.close()
    await reading
  }),
)

hearing(
  'a handler that returns true stops the chain; one that throws harms nobody',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<string>()
    const calls: string[] = []
    const boom = new Error('boom')
    const first = bob.registerHandler(({ payload }) => {
      calls.push(`first ${payload}`)
      throw boom
    })
    bob.registerHandler(({ payload }) => {
      calls.push(`second ${payload}`)
      return payload === 'stop'
    })
    bob.registerHandler(({ payload }) => {
      calls.push(`third ${payload}`)
      return 'true' // Only true itself stops the chain.
    })
    const errors = listen(bob as never, 'error')
    alice.send('stop')
    alice.send('go')
    await until(() => calls.length === 5)
    assert.equal(calls, ['first stop', 'second stop', 'first go', 'second go', 'third go'])
    assert.is(bob.recv()?.payload, 'go')
    assert.is(bob.recv(), undefined)
    await until(() => errors.length === 2)
    const [error] = errors.map((fact) => fact.error)
    assert.is(error?.code, 'HANDLER_FAILED')
    assert.is(error?.cause, boom)
    assert.equal(
      bob.status,
      errors.map((fact) => fact.error),
    )
    first.unsubscribe()
    first.unsubscribe()
    alice.send('stop')
    await until(() => calls.length === 6)
    assert.is(calls[5], 'second stop')
    assert.is((bob.status as unknown[]).length, 2)
  }),
)

hearing(
  'a full inbox drops the oldest message, loudly',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<number>({ limits: { inboxMax: 2 } })
    const errors = listen(bob as never, 'error')
    for (const number of [1, 2, 3]) alice.send(number)
    await until(() => errors.length === 1)
    assert.equal(
      bob.recv(9).map(({ payload }) => payload),
      [2, 3],
    )
    const [problem] = bob.status as HoldfastError[]
    assert.is(problem?.code, 'INBOX_OVERFLOW')
    assert.is(problem, errors[0]?.error)
  }),
)

hearing(
  'a listener that throws is reported, and the next one hears all the same',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    const boom = new Error('boom')
    alice.on('update', () => {
      throw boom
    })
    const heard = listen(alice as never, 'update')
    const errors = listen(alice as never, 'error')
    assert.is(alice.status, 'nominal')
    alice.set('door', 1)
    await until(() => errors.length === 1)
    assert.is(heard.length, 1)
    assert.is(errors[0]?.error.code, 'HANDLER_FAILED')
    assert.is(errors[0]?.error.cause, boom)
    assert.is((alice.status as unknown[]).length, 1)
    assert.is(alice.set('door', 2).key, 'door', 'the dictionary works on')
    await until(() => heard.length === 2)
  }),
)

hearing(
  'a listener of errors that throws does not report itself for ever',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    let calls = 0
    alice.on('error', () => {
      calls++
      throw new Error('again')
    })
    alice.on('update', () => {
      throw new Error('boom')
    })
    alice.set('door', 1)
    for (let turn = 0; turn < 20; turn++) await told()
    assert.ok(calls < 5, `called ${calls} times`)
    assert.is(alice.set('door', 2).key, 'door')
  }),
)

hearing(
  'a listener may write, and is not entered again meanwhile',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    let depth = 0
    let deepest = 0
    const values: number[] = []
    alice.on('update', ({ value }) => {
      deepest = Math.max(deepest, ++depth)
      values.push(value)
      if (value < 5) {
        alice.set('door', value + 1)
        assert.is(alice.get('door'), value + 1, 'decided at once')
      }
      depth--
    })
    alice.set('door', 1)
    assert.equal(values, [], 'nobody is told inside the call')
    await until(() => values.length === 5)
    assert.equal(values, [1, 2, 3, 4, 5])
    assert.is(deepest, 1)
    assert.is(alice.status, 'nominal')
  }),
)

hearing(
  'every listener that was there hears a fact once, and none after it ended',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    const calls: string[] = []
    const first = alice.on('update', ({ value }) => {
      calls.push(`first ${value}`)
      first.unsubscribe()
    })
    alice.on('update', ({ value }) => calls.push(`second ${value}`))
    alice.set('door', 1)
    alice.set('door', 2)
    await until(() => calls.length === 3)
    await told()
    assert.equal(calls, ['first 1', 'second 1', 'second 2'])
  }),
)

hearing(
  'a handler and a reader may answer from inside',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<string>()
    bob.registerHandler(({ payload, from }) => {
      if (payload !== 'ping') return false
      bob.send('pong', { to: from })
      bob.set('pinged by', from)
      return true
    })
    alice.send('ping', { to: 'bob' })
    const { value } = await alice.messages().next()
    assert.equal(value, { type: 'message', payload: 'pong', from: 'bob', isWhisper: true })
    await until(() => alice.get('pinged by') === 'alice')
  }),
)

hearing.run()
