import { request } from 'node:http'
import { createWebSocketInspector } from '@statelyai/inspect'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, createMachine } from 'xstate'
import { HoldfastError, openDictionary, syncLogic } from '../../index.ts'
import { reportTo, serveInspector } from '../../inspector/index.ts'
import type { World } from '../../inspector/world.ts'
import { readInspector } from './reading.ts'

const serving = suite('the inspector')

const port = 'tcp://127.0.0.1:0'

const actorOf = (world: World, name: string) =>
  [...world.actors.values()].find(({ message }) => message.name === name)

const dictionaryOf = (world: World, peerId: string) =>
  [...world.dictionaries.values()].find(({ summary }) => summary.peerId === peerId)

function statusOf(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const ask = request(url, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    ask.on('error', reject)
    ask.end()
  })
}

serving('shows the machines, peers, keys and leases of two dictionaries', async () => {
  const inspector = await serveInspector()
  const { inspect } = inspector
  const alice = await openDictionary({ peerId: 'alice', listen: [port], inspect })
  const bob = await openDictionary({ peerId: 'bob', inspect })
  await bob.connect(String(alice.listening[0]))
  alice.set('door', 'open', { leaseMs: 60_000 })
  const lease = await bob.acquire('printer')
  const page = await readInspector(inspector.url)
  await page.until((world) => dictionaryOf(world, 'bob')?.rows.get('door')?.owner === 'alice')
  const row = await page.until((world) => dictionaryOf(world, 'bob')?.rows.get('printer'))
  assert.is(row.owner, 'bob')
  assert.ok((row.remainingMs ?? 0) > 3_500_000)
  const machine = await page.until((world) => actorOf(world, 'lease'))
  assert.is(page.world.actors.get(machine.parent as string)?.message.name, 'sync')
  await page.until(
    (world) => JSON.stringify(actorOf(world, 'lease')?.snapshot.value) === '{"held":"resting"}',
  )
  assert.equal(
    dictionaryOf(page.world, 'alice')?.summary.peers.map(({ peerId }) => peerId),
    ['bob'],
  )
  lease.release()
  await page.until((world) => actorOf(world, 'lease')?.isEnded)
  await alice.close()
  await bob.close()
  await page.until((world) => [...world.actors.values()].every(({ isEnded }) => isEnded))
  page.close()
  await inspector.close()
})

serving('hides values, payloads and secrets', async () => {
  const inspector = await serveInspector()
  const { inspect } = inspector
  const alice = await openDictionary({ peerId: 'alice', listen: [port], inspect })
  const bob = await openDictionary({ peerId: 'bob', inspect })
  await bob.connect(String(alice.listening[0]))
  const page = await readInspector(inspector.url)
  alice.set('door', 'sesame')
  alice.set('door', { type: 'sesame', key: 'sesame', reason: ['sesame'] })
  alice.update({ window: ['sesame'] })
  alice.send({ type: 'sesame', kind: 'sesame' })
  alice.send('sesame', { to: 'bob' })
  bob.send({ sesame: 'sesame' })
  await page.until((world) => dictionaryOf(world, 'bob')?.rows.get('window')?.value === '‹list, 1›')
  await alice.close()
  await bob.close()
  await page.until((world) => [...world.actors.values()].every(({ isEnded }) => isEnded))
  assert.not.match(page.text(), 'sesame')
  assert.match(page.text(), 'entry.set')
  page.close()
  await inspector.close()
})

serving('shows values to who asked for them', async () => {
  const inspector = await serveInspector({ values: true })
  const alice = await openDictionary({ peerId: 'alice', inspect: inspector.inspect })
  const page = await readInspector(inspector.url)
  alice.set('door', { is: 'open' })
  const row = await page.until((world) => dictionaryOf(world, 'alice')?.rows.get('door'))
  assert.is(row.value, '{"is":"open"}')
  await alice.close()
  page.close()
  await inspector.close()
})

serving('a page that comes late learns how it came about', async () => {
  const inspector = await serveInspector()
  const alice = await openDictionary({ peerId: 'alice', inspect: inspector.inspect })
  alice.set('door', 'open')
  alice.delete('door')
  await alice.close()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const page = await readInspector(inspector.url)
  const sync = await page.until(
    (world) => actorOf(world, 'sync')?.isEnded && actorOf(world, 'sync'),
  )
  assert.is(sync.snapshot.status, 'done')
  const told = page.messages.flatMap((message) =>
    message.type === '@xstate.event' ? [message.event.type] : [],
  )
  assert.ok(told.indexOf('entry.set') < told.indexOf('entry.delete'))
  page.close()
  await inspector.close()
})

serving('takes what another process reports, by lines and by WebSocket', async () => {
  const inspector = await serveInspector()
  const { inspect, close } = reportTo({ url: inspector.url, name: 'carol’s process' })
  const far = createWebSocketInspector({ url: `${inspector.socketUrl}&name=dave` })
  const carol = await openDictionary({ peerId: 'carol', listen: [port], inspect })
  const dave = createActor(syncLogic, {
    input: { peerId: 'dave', join: [String(carol.listening[0])] },
    inspect: far.inspect,
  }).start()
  const page = await readInspector(inspector.url)
  const names = (world: World) => [...world.sources.values()].map(({ name }) => name)
  await page.until(
    (world) => names(world).includes('dave') && names(world).includes('carol’s process'),
  )
  carol.set('door', 'sesame')
  const row = await page.until((world) => dictionaryOf(world, 'carol')?.rows.get('door'))
  assert.is(row.value, '‹text, 6›')
  await page.until((world) =>
    [...world.actors.values()].some(
      ({ message, snapshot }) =>
        world.sources.get(message.source)?.name === 'dave' && snapshot.value === 'nominal',
    ),
  )
  assert.not.match(page.text(), 'sesame')
  dave.send({ type: 'sync.close' })
  await carol.close()
  close()
  far.stop()
  await page.until(
    (world) => [...world.sources.values()].filter(({ isLive }) => !isLive).length === 2,
  )
  page.close()
  await inspector.close()
})

serving('any machine is shown, and of a strange one only where it is', async () => {
  const inspector = await serveInspector()
  const door = createMachine({
    id: 'door',
    context: { key: 'sesame' },
    initial: 'shut',
    states: { shut: { on: { push: 'open' } }, open: {} },
  })
  const actor = createActor(door, { inspect: inspector.inspect }).start()
  actor.send({ type: 'push', key: 'sesame' })
  const page = await readInspector(inspector.url)
  const seen = await page.until((world) => {
    const found = actorOf(world, 'door')
    return found?.snapshot.value === 'open' && found
  })
  assert.match(String(seen.message.definition), '"shut"')
  assert.is(seen.cause, 'push')
  assert.not.match(page.text(), 'sesame')
  actor.stop()
  page.close()
  await inspector.close()
})

serving('lets nobody in without the token, from another page or by another name', async () => {
  const inspector = await serveInspector()
  const { origin } = new URL(inspector.url)
  for (const path of ['/', '/events', '/page.js', '/page.css']) {
    assert.is(await statusOf(origin + path), 401, path)
    assert.is(await statusOf(`${origin}${path}?token=${'x'.repeat(43)}`), 401, path)
  }
  assert.is(await statusOf(inspector.url, { host: 'evil.example' }), 421)
  assert.is(await statusOf(inspector.url, { origin: 'http://evil.example' }), 403)
  assert.is(await statusOf(inspector.url), 200)
  await inspector.close()
})

serving('lets no web page report but those that were named', async () => {
  const known = 'http://localhost:5173'
  const inspector = await serveInspector({ origins: [known] })
  const knock = (origin: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'holdfast-report', origin }
      const ask = request(inspector.url, { headers })
      ask.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      ask.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve(response.statusCode)
      })
      ask.on('error', reject)
      ask.end()
    })
  assert.is(await knock('http://evil.example'), 403)
  assert.is(await knock(known), 101)
  assert.is(await statusOf(inspector.url, { origin: known }), 403, 'it may report, not look on')
  await inspector.close()
})

serving('the page comes from here alone, and holds no script but its own', async () => {
  const inspector = await serveInspector()
  const response = await fetch(inspector.url)
  const policy = String(response.headers.get('content-security-policy'))
  assert.match(policy, "default-src 'none'")
  assert.not.match(policy, 'unsafe')
  const text = await response.text()
  assert.not.match(text, /<script(?![^>]* src=)/)
  const script = /src="(page\.js[^"]+)"/.exec(text)?.[1]
  assert.is(await statusOf(new URL(String(script), inspector.url).href), 200)
  await inspector.close()
})

serving('refuses options that make no sense, and a port that is taken', async () => {
  const code = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => undefined,
      (error) => error,
    )
    assert.instance(error, HoldfastError)
    return error.code
  }
  assert.is(await code(serveInspector({ port: -1 })), 'OPTION_INVALID')
  assert.is(await code(serveInspector({ values: 'yes' as never })), 'OPTION_INVALID')
  assert.throws(() => reportTo({ url: 'nowhere' }), /url/)
  const inspector = await serveInspector()
  const taken = Number(new URL(inspector.url).port)
  assert.is(await code(serveInspector({ port: taken })), 'ADDRESS_IN_USE')
  await inspector.close()
})

serving.run()
