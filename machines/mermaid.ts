/** Writes a statechart as Mermaid text, which documents can hold and many pages draw. */

import { type ChartArrow, type ChartConfig, type ChartState, chartOf } from './chart.ts'

/**
 * The state diagram of a machine, in Mermaid's language (`stateDiagram-v2`): nested states, where
 * they begin and end, events with their guards, delays, and what is invoked.
 *
 * An arrow that would cross the border of a state starts or ends at that border, and its label
 * names the state inside; what a parent does whichever child is active starts at `any state`.
 *
 * @example
 * import { syncMachine, toMermaid } from 'holdfast/machines'
 * console.log(toMermaid(syncMachine))
 */
export function toMermaid(machine: { readonly config: object }): string {
  const root = chartOf(machine.config as ChartConfig)
  const title = ['---', `title: ${[root.name, ...invoked(root)].join(', ')}`, '---']
  return [...title, 'stateDiagram-v2', ...inside(root).map((line) => `  ${line}`), ''].join('\n')
}

function inside(state: ChartState): string[] {
  const regions = state.states.flatMap((child, position) => [
    ...(state.kind === 'parallel' && position > 0 ? ['--'] : []),
    ...stateLines(child),
  ])
  const initial = state.states.find(({ name }) => name === state.initial)
  const start = initial ? [`[*] --> ${idOf(initial.path)}`] : []
  const ends = state.states.filter(({ kind }) => kind === 'final')
  return [
    ...regions,
    ...anyLines(state),
    ...start,
    ...state.arrows.flatMap((arrow) => arrowLines(state, arrow)),
    ...ends.map(({ path }) => `${idOf(path)} --> [*]`),
  ]
}

function stateLines(state: ChartState): string[] {
  const id = idOf(state.path)
  const opening = `state "${[state.name, ...invoked(state)].join(', ')}" as ${id}`
  if (state.states.length > 0) {
    return [`${opening} {`, ...inside(state).map((line) => `  ${line}`), '}']
  }
  const does = [
    ...state.entry.map((action) => `entry / ${action}`),
    ...state.exit.map((action) => `exit / ${action}`),
  ]
  return [opening, ...does.map((line) => `${id} : ${plain(line)}`)]
}

function anyLines(state: ChartState): string[] {
  const isUsed = state.arrows.some(({ from }) => from === state.path)
  return isUsed ? [`state "any state" as ${idOf(`${state.path}.any`)}`] : []
}

function arrowLines(level: ChartState, { from, to, labels }: ChartArrow): string[] {
  const source = from === level.path ? `${from}.any` : from
  const texts = labels.map((label) => {
    const before = label.from === '' ? '' : `${label.from} · `
    const after = label.to === '' ? '' : ` → ${label.to}`
    return plain(before + label.text + after)
  })
  return [`${idOf(source)} --> ${idOf(to)} : ${[...new Set(texts)].join('<br/>')}`]
}

/** What a state invokes is part of its title: a composite state has no room for lines. */
function invoked({ invokes }: ChartState): string[] {
  return invokes.length > 0 ? [`invokes ${plain(invokes.join(', '))}`] : []
}

/** Paths are written with dots, which mean something else there. */
function idOf(path: string): string {
  return path.replace(/[^\p{L}\p{N}]/gu, '_')
}

/** A colon or a semicolon would end the label. */
function plain(text: string): string {
  return text.replace(/[:;<>"#\n]/g, ' ')
}
