import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assign, createMachine, fromPromise, setup } from 'xstate'
import { chartOf, toMermaid } from '../../machines/index.ts'

const drawing = suite('machines as Mermaid')

const lines = (machine: { config: object }) => toMermaid(machine).split('\n')

/** A printer with everything that a diagram can show. */
const printer = setup({
  actors: { page: fromPromise(async () => {}) },
  guards: { hasPaper: () => true, isMode: (_, _params: { mode: string }) => true },
  actions: { beep: () => {}, note: assign({}) },
  delays: { patienceMs: 60_000 },
}).createMachine({
  id: 'printer',
  initial: 'idle',
  on: { 'power.cut': '.off' },
  states: {
    idle: {
      entry: ['beep', assign({})],
      on: {
        'job.came': [
          { guard: 'hasPaper', target: 'busy.printing', actions: 'beep' },
          { target: 'empty' },
        ],
        ping: { actions: 'beep' },
      },
    },
    empty: { after: { 5000: 'idle', patienceMs: '#printer.off' } },
    busy: {
      initial: 'warming',
      states: {
        warming: {
          always: { guard: { type: 'isMode', params: { mode: 'fast' } }, target: 'printing' },
        },
        printing: { invoke: { src: 'page', id: 'sheet', onDone: '#finished', onError: 'jammed' } },
        jammed: { on: { 'jam.cleared': '#printer.idle' } },
      },
    },
    done: { id: 'finished', always: 'idle' },
    off: { type: 'final' },
  },
})

drawing('begins with what it is, and where it begins', () => {
  const [, title, , kind] = lines(printer)
  assert.is(title, 'title: printer')
  assert.is(kind, 'stateDiagram-v2')
  assert.ok(lines(printer).includes('  [*] --> printer_idle'))
})

drawing('states lie in states, each with its own beginning', () => {
  const all = lines(printer)
  const start = all.indexOf('  state "busy" as printer_busy {')
  const end = all.indexOf('  }', start)
  assert.ok(start > 0 && end > start)
  const within = all.slice(start, end)
  assert.ok(within.includes('    [*] --> printer_busy_warming'))
  assert.ok(within.includes('    state "printing, invokes page" as printer_busy_printing'))
})

drawing('final states lead out', () => {
  assert.ok(lines(printer).includes('  printer_off --> [*]'))
})

drawing('guards stand in brackets, with their parameters', () => {
  const text = toMermaid(printer)
  assert.match(text, 'printer_idle --> printer_busy : job.came [hasPaper] → printing')
  assert.match(text, 'printer_busy_warming --> printer_busy_printing : always [isMode fast]')
})

drawing('delays are named, or given in milliseconds', () => {
  const text = toMermaid(printer)
  assert.match(text, 'printer_empty --> printer_idle : after 5000 ms')
  assert.match(text, 'printer_empty --> printer_off : after patienceMs')
})

drawing('what is invoked ends in arrows of its own, lifted to where both ends are', () => {
  const text = toMermaid(printer)
  assert.match(text, 'printer_busy_printing --> printer_busy_jammed : page failed')
  assert.match(text, 'printer_busy --> printer_done : printing · page is done')
  assert.match(text, 'printer_busy --> printer_idle : jammed · jam.cleared')
})

drawing('what a parent does whatever its child is starts at any state', () => {
  assert.ok(lines(printer).includes('  printer_any --> printer_off : power.cut'))
})

drawing(
  'actions are entries of a state, and those without a name of their own are left out',
  () => {
    assert.ok(lines(printer).includes('  printer_idle : entry / beep'))
    assert.not.match(toMermaid(printer), 'assign')
  },
)

drawing('parallel regions are divided', () => {
  const machine = createMachine({ id: 'pair', type: 'parallel', states: { left: {}, right: {} } })
  assert.equal(lines(machine).slice(4, 7), [
    '  state "left" as pair_left',
    '  --',
    '  state "right" as pair_right',
  ])
})

drawing('no arrow joins states of two parents, which Mermaid could not draw', () => {
  const isOk = (state: ReturnType<typeof chartOf>): boolean =>
    state.arrows.every(({ from, to }) =>
      [from, to].every((path) => path === state.path || parentOf(path) === state.path),
    ) && state.states.every(isOk)
  assert.ok(isOk(chartOf(printer.config as never)))
})

drawing('a label cannot break out of its line', () => {
  const machine = createMachine({
    id: 'odd',
    initial: 'a',
    states: { a: { on: { 'x: y; z\n--> b': 'b' } }, b: {} },
  })
  assert.match(toMermaid(machine), 'odd_a --> odd_b : x  y  z --  b')
  assert.is(lines(machine).length, 9)
})

drawing('what a definition from afar holds is read without trust', () => {
  for (const config of [{}, { states: 7 }, { states: { a: null, b: { on: [1], invoke: 'x' } } }]) {
    assert.type(toMermaid({ config }), 'string')
  }
  let deep: object = {}
  for (let level = 0; level < 5_000; level++) deep = { initial: 'in', states: { in: deep } }
  assert.ok(toMermaid({ config: deep }).length < 10_000)
})

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('.'))
}

drawing.run()
