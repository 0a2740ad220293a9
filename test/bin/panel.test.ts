import { createSimulation } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawPanel } from '../../bin/panel.ts'
import { Screen } from '../../bin/screen.ts'
import { FakeTerminal } from './terminal.ts'

/** What `holdfast up` shows, on a simulated network with a stepping clock. */
const panels = suite('the table of up')

const paint = (_: string, text: string) => text

async function village() {
  const simulation = createSimulation({ seed: 11, peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
  alice.set('door', 'open', { leaseMs: 90_000 })
  bob.set('lamp', { on: true }, { leaseMs: 3_600_000 })
  bob.set('bell', 'rings')
  bob.release('bell')
  const delivered = alice.untilDelivered()
  await simulation.advance(1_000)
  await delivered
  return { simulation, alice }
}

/** The round trip is whatever the seed made it, so it is not part of the picture. */
const still = (text: string) => text.replace(/\d+\.\d ms */, 'soon        ')

panels('peers, keys and owners stand in columns, and leases count down', async () => {
  const { simulation, alice } = await village()
  const terminal = new FakeTerminal({ columns: 64, rows: 20 })
  const screen = new Screen(terminal)
  const news = ['12:00:00 bob sets lamp']
  const draw = () => {
    const { columns, rows } = screen
    screen.show(drawPanel(alice, { network: 'lab', columns, rows, news, paint }))
  }
  draw()
  const [, trip = ''] = /(\d+\.\d ms)/.exec(terminal.text) ?? []
  assert.is.not(trip, '', 'the round trip is shown')
  assert.is(
    still(terminal.text),
    [
      "alice in 'lab' at sim://alice",
      '',
      'PEER  DIRECTION  ROUND TRIP  ADDRESS',
      `bob   ${alice.peers[0]?.direction}   soon        ${alice.peers[0]?.address}`,
      '',
      'KEY   OWNER      LEFT     TOKEN  VALUE',
      'door  this peer  1:28     1      "open"',
      'lamp  bob        1:00:00  1      {"on":true}',
      'bell  –          free     –      "rings"',
      '',
      '12:00:00 bob sets lamp',
      'Ctrl-C leaves.',
    ].join('\n'),
  )
  await simulation.advance(30_000)
  draw()
  assert.match(terminal.text, /^door {2}this peer {2}58s /m)
  assert.is(terminal.text.split('KEY').length, 2, 'it was drawn in its place')
  await simulation.advance(70_000)
  draw()
  assert.match(terminal.text, /^door {2}– +free +– +"open"$/m)
  // What others allow for clocks comes on top of the term, so an hour takes a while to begin.
  assert.match(terminal.text, /^lamp {2}bob +59:\d\d +1 /m)
  screen.end()
  assert.ok(terminal.hasCursor)
  await simulation.close()
})

panels('what does not fit is counted, and no line is wider than the terminal', async () => {
  const { simulation, alice } = await village()
  for (let index = 0; index < 50; index++) alice.set(`key ${index}`, 'x'.repeat(200))
  alice.set('evil\u001b[2J\nkey', '\u001b]0;title\u0007')
  const terminal = new FakeTerminal({ columns: 40, rows: 16 })
  const screen = new Screen(terminal)
  const { columns, rows } = screen
  const lines = drawPanel(alice, { network: 'lab', columns, rows, news: ['x'.repeat(99)], paint })
  screen.show(lines)
  assert.ok(lines.length <= 15, String(lines.length))
  for (const line of lines) assert.ok(line.length <= 40, line)
  assert.match(terminal.text, /… and \d+ more: holdfast ls -l/)
  // Nothing that somebody wrote reaches the terminal as a command.
  assert.not.match(lines.join('\n'), '\u001b')
  terminal.columns = 30
  screen.show(drawPanel(alice, { network: 'lab', columns: 30, rows, news: [], paint }))
  assert.is(terminal.text.split('KEY').length, 2, 'a new width begins a new screen')
  await simulation.close()
})

panels.run()
