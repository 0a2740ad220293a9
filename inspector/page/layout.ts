/**
 * Where the states and arrows of a chart are drawn. Each state is laid out on its own, from the
 * inside out, and is then one box among its siblings: the layout of nested graphs at once breaks
 * where an arrow ends at a box with others in it.
 */
import { Graph, layout } from '@dagrejs/dagre'
import type { ChartArrow, ChartState } from '../../machines/chart.ts'

/** Sizes in pixels; the text is monospaced, so its width is known. */
const LETTER = 6.63
const TITLE_LETTER = 7.9
const LINE = 15
const PADDING = 12
const TITLE = 28
/** Labels of one arrow that are shown, and letters of each. */
const LABELS_MAX = 5
const LETTERS_MAX = 44

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Label {
  readonly text: string
  readonly event: string
  readonly title: string
}

export interface Line extends Point {
  readonly arrow: ChartArrow
  readonly points: readonly Point[]
  readonly labels: readonly Label[]
}

/** A state and what is in it; places are from the upper left corner of the box around it. */
export interface Box extends Point {
  readonly state: ChartState
  readonly width: number
  readonly height: number
  readonly notes: readonly string[]
  readonly boxes: readonly Box[]
  readonly lines: readonly Line[]
  /** The dot where it begins, and the pseudo state for all of its children. */
  readonly start: (Point & { readonly points: readonly Point[] }) | undefined
  readonly any: Point | undefined
}

export const ANY = { width: 78, height: 22 }

export function layoutChart(state: ChartState): Box {
  const notes = notesOf(state)
  const longest = Math.max(0, ...notes.map((note) => note.length)) * LETTER
  const least = Math.max(64, state.name.length * TITLE_LETTER + 2 * PADDING, longest + 2 * PADDING)
  const top = TITLE + notes.length * LINE + (notes.length > 0 ? 6 : 0)
  if (state.states.length === 0) {
    const rest = { boxes: [], lines: [], start: undefined, any: undefined }
    return { state, notes, x: 0, y: 0, width: least, height: top + 6, ...rest }
  }
  const inner = arrange(state)
  const width = Math.max(least, inner.width + 2 * PADDING)
  const shift = { x: (width - inner.width) / 2, y: top }
  const move = <P extends Point>(point: P): P => ({
    ...point,
    x: point.x + shift.x,
    y: point.y + shift.y,
  })
  return {
    state,
    notes,
    x: 0,
    y: 0,
    width,
    height: top + inner.height + PADDING,
    boxes: inner.boxes.map(move),
    lines: inner.lines.map((line) => ({ ...move(line), points: line.points.map(move) })),
    start: inner.start && { ...move(inner.start), points: inner.start.points.map(move) },
    any: inner.any && move(inner.any),
  }
}

/** Entry, exit and what is invoked; what is answered within the state is in its tooltip. */
function notesOf({ entry, exit, invokes }: ChartState): string[] {
  const lines = [
    ...invokes.map((name) => `⟳ ${name}`),
    ...entry.map((name) => `↓ ${name}`),
    ...exit.map((name) => `↑ ${name}`),
  ]
  return lines.length > 4 ? [...lines.slice(0, 3), `… ${lines.length - 3} more`] : lines
}

function labelsOf(arrow: ChartArrow): Label[] {
  const labels = arrow.labels.map(({ text, event, actions, from, to }) => {
    const whole = `${from && `${from}: `}${text}${to && ` → ${to}`}`
    const title = actions.length > 0 ? `${whole} / ${actions.join(', ')}` : whole
    const cut = whole.length > LETTERS_MAX ? `${whole.slice(0, LETTERS_MAX - 1)}…` : whole
    return { text: cut, event, title }
  })
  if (labels.length <= LABELS_MAX) return labels
  const rest = labels.slice(LABELS_MAX - 1)
  const title = rest.map((label) => label.title).join('\n')
  return [...labels.slice(0, LABELS_MAX - 1), { text: `… ${rest.length} more`, event: '', title }]
}

function arrange(state: ChartState) {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 30, edgesep: 14, marginx: 4, marginy: 6 })
  const children = new Map(state.states.map((child) => [child.path, layoutChart(child)]))
  for (const [path, { width, height }] of children) graph.setNode(path, { width, height })
  const isAnyUsed = state.arrows.some(({ from }) => from === state.path)
  if (isAnyUsed) graph.setNode('any', { ...ANY })
  const initial = state.states.find(({ name }) => name === state.initial)
  if (initial) {
    graph.setNode('start', { width: 10, height: 10 })
    graph.setEdge('start', initial.path, { weight: 4 }, 'start')
  }
  for (const arrow of state.arrows) {
    const labels = labelsOf(arrow)
    const width = Math.max(...labels.map(({ text }) => text.length)) * LETTER + 10
    const from = arrow.from === state.path ? 'any' : arrow.from
    const size = { width, height: labels.length * LINE + 4, labelpos: 'c' }
    graph.setEdge(from, arrow.to, { ...size, arrow, labels }, `${arrow.from} ${arrow.to}`)
  }
  layout(graph)
  return placed(graph, children)
}

function placed(graph: Graph, children: ReadonlyMap<string, Box>) {
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  const at = (node: string): Point => graph.node(node) as Point
  const boxes = [...children].map(([path, box]) => {
    const { x, y } = at(path)
    return { ...box, x: x - box.width / 2, y: y - box.height / 2 }
  })
  const lines: Line[] = []
  let start: Box['start']
  for (const edge of graph.edges()) {
    const { points, arrow, labels, x, y } = graph.edge(edge) as unknown as Line
    if (arrow === undefined) start = { ...at('start'), points }
    else lines.push({ arrow, labels, points, x, y })
  }
  const any = graph.hasNode('any') ? at('any') : undefined
  return { width, height, boxes, lines, start, any }
}
