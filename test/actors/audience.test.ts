/** Each write asks whether anybody would hear of it: the answer must be right at once. */
import { channel } from 'node:diagnostics_channel'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, createMachine, fromCallback, setup } from 'xstate'
import { Audience } from '../../actors/audience.ts'

const audience = suite('actors/audience')

const silent = () => createActor(fromCallback(() => {})).start()

audience('nobody is there at first, nor who hears of other things', () => {
  const actor = silent()
  const { isThere } = new Audience(actor)
  assert.not(isThere)
  actor.on('message', () => {})
  assert.not(new Audience(actor).isThere)
})

for (const type of ['update', 'delete', '*']) {
  audience(`who begins to hear of '${type}' is there from the next write on, until the end`, () => {
    const actor = silent()
    const all = new Audience(actor)
    actor.on('message', () => {})
    assert.not(all.isThere)
    const first = actor.on(type, () => {})
    const second = actor.on(type, () => {})
    assert.ok(all.isThere)
    first.unsubscribe()
    assert.ok(all.isThere)
    second.unsubscribe()
    assert.not(all.isThere)
    actor.on(type, () => {})
    assert.ok(all.isThere, 'comes back')
  })
}

audience('a channel that somebody subscribed to counts while he does', () => {
  const all = new Audience(silent())
  const hear = () => {}
  channel('holdfast:update').subscribe(hear)
  assert.ok(all.isThere)
  channel('holdfast:update').unsubscribe(hear)
  assert.not(all.isThere)
})

audience('an inspector counts, of the actor or of one above it', () => {
  const inspected = createActor(
    fromCallback(() => {}),
    { inspect: () => {} },
  )
  assert.ok(new Audience(inspected).isThere)
  const child = fromCallback(() => {})
  const parent = setup({ actors: { child } }).createMachine({
    invoke: { id: 'child', src: 'child' },
  })
  const watched = createActor(parent, { inspect: () => {} }).start()
  assert.ok(new Audience(watched.getSnapshot().children.child as never).isThere)
  const alone = createActor(parent).start()
  assert.not(new Audience(alone.getSnapshot().children.child as never).isThere)
})

audience('an actor that does not keep its listeners in sight is told everything', () => {
  const actor = createActor(createMachine({}))
  Object.defineProperty(actor, 'eventListeners', { value: undefined })
  assert.ok(new Audience(actor).isThere)
})

audience.run()
