/** Draws a statechart, with the active states lit. */
import { html } from 'htm/preact'
import { chartOf } from '../../machines/chart.ts'
import type { ActorRecord, World } from '../world.ts'
import { ANY, type Box, type Label, type Line, layoutChart, type Point } from './layout.ts'
import { activePaths, labelOf, machineOf, stateText } from './naming.ts'

/** How long the arrow that was taken last is lit. Milliseconds. */
const TRACE_MS = 1_600
const LINE = 15
const CHARTS_MAX = 100

const boxes = new Map<string, Box | undefined>()

interface Lit {
  readonly active: ReadonlySet<string>
  /** The event that was taken just now. */
  readonly trace: string | undefined
}

interface ChartInput {
  readonly actor: ActorRecord
  readonly world: World
  readonly now: number
}

export function Chart({ actor, world, now }: ChartInput) {
  const box = boxOf(actor.message.definition)
  if (!box) return html`<p class="empty">Its definition did not come along.</p>`
  const { value } = actor.snapshot
  const isBlank = actor.isEnded && value === undefined
  const active = isBlank ? new Set<string>() : activePaths(box.state.path, value)
  const isFresh = now - actor.changedAt < TRACE_MS && now >= actor.changedAt
  const lit = { active, trace: isFresh ? actor.cause : undefined }
  const label = `${machineOf(actor)} of ${labelOf(world, actor)}: ${stateText(value)}`
  return html`<svg class="chart" role="img" aria-label=${label}
    data-machine=${box.state.name} width=${box.width + 2} height=${box.height + 2}
    viewBox=${`-1 -1 ${box.width + 2} ${box.height + 2}`}>${drawBox(box, lit)}</svg>`
}

function boxOf(definition: string | undefined): Box | undefined {
  if (definition === undefined) return undefined
  if (!boxes.has(definition)) {
    if (boxes.size >= CHARTS_MAX) boxes.clear()
    boxes.set(definition, made(definition))
  }
  return boxes.get(definition)
}

function made(definition: string): Box | undefined {
  try {
    return layoutChart(chartOf(JSON.parse(definition)))
  } catch {
    return undefined
  }
}

function drawBox(box: Box, lit: Lit): unknown {
  const { state, width, height, notes } = box
  const isOn = lit.active.has(state.path)
  const kind = `state ${state.kind}${isOn ? ' on' : ''}`
  const tooltip = [state.name, ...state.inner.map((line) => `answers ${line}`)].join('\n')
  return html`<g class=${kind} data-state=${state.path}
    transform=${`translate(${box.x} ${box.y})`}>
    <rect class="box" width=${width} height=${height} rx="9"><title>${tooltip}</title></rect>
    ${
      state.kind === 'final' &&
      html`<rect class="inner" x="3" y="3" rx="6" width=${width - 6} height=${height - 6} />`
    }
    <text class="title" x="12" y="19">${state.name}</text>
    ${notes.map((note, row) => html`<text class="note" x="12" y=${37 + row * LINE}>${note}</text>`)}
    ${box.lines.map((line) => drawLine(line, lit))}
    ${
      box.start &&
      html`<circle class="start" cx=${box.start.x} cy=${box.start.y} r="5" />
      <path class="arrow" d=${curve(box.start.points)} />
      <path class="head" d=${head(box.start.points)} />`
    }
    ${box.any && drawAny(box.any)}
    ${box.boxes.map((inner) => drawBox(inner, lit))}
    ${box.lines.map((line) => drawLabels(line, lit))}
  </g>`
}

function drawAny({ x, y }: Point) {
  const place = `translate(${x - ANY.width / 2} ${y - ANY.height / 2})`
  return html`<g class="any" transform=${place}>
    <rect width=${ANY.width} height=${ANY.height} rx="11" />
    <text x=${ANY.width / 2} y="15">any state</text>
  </g>`
}

function isTaken({ arrow, labels }: Line, { active, trace }: Lit): boolean {
  return active.has(arrow.to) && labels.some(({ event }) => isCause(event, trace))
}

/** Delays come as events of XState's own making. */
function isCause(event: string, trace: string | undefined): boolean {
  if (trace === undefined || event === '') return false
  if (event.startsWith('after ')) return trace.startsWith(`xstate.after.${event.slice(6)}.`)
  return event === trace
}

function drawLine(line: Line, lit: Lit) {
  const taken = isTaken(line, lit) ? ' taken' : ''
  return html`<path class=${`arrow${taken}`} d=${curve(line.points)} />
    <path class=${`head${taken}`} d=${head(line.points)} />`
}

function drawLabels(line: Line, lit: Lit) {
  const top = line.y - ((line.labels.length - 1) * LINE) / 2 + 4
  const isLit = isTaken(line, lit)
  return line.labels.map((label: Label, row) => {
    const taken = isLit && isCause(label.event, lit.trace) ? ' taken' : ''
    return html`<text class=${`label${taken}`} x=${line.x} y=${top + row * LINE}>
      ${label.text}<title>${label.title}</title></text>`
  })
}

/** Through all points, rounded at each. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  let path = `M${first.x} ${first.y}`
  rest.forEach((point, index) => {
    const next = rest[index + 1]
    if (!next) path += `L${point.x} ${point.y}`
    else path += `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
  })
  return path
}

function head(points: readonly Point[]): string {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (!tip || !before) return ''
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const corner = (turn: number) =>
    `${tip.x - 8 * Math.cos(angle + turn)} ${tip.y - 8 * Math.sin(angle + turn)}`
  return `M${tip.x} ${tip.y}L${corner(0.42)}L${corner(-0.42)}Z`
}
