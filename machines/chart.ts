/**
 * What a statechart looks like: its states as a tree, and its transitions as arrows with labels. A
 * pure reading of a machine's configuration, from which diagrams are drawn.
 *
 * Arrows connect neighbours only. A transition that crosses the border of a state is lifted to the
 * two states below their common parent, and its label knows from where and to where inside. A
 * transition of a parent to one of its own children comes from the pseudo state `any` in it.
 */

/** How deep states may nest, and how many there may be: whoever sends more is not drawn whole. */
const DEPTH_MAX = 12
const STATES_MAX = 500
/** Actions of XState that carry no name of ours. */
const builtIn = new Set(
  ['assign', 'cancel', 'emit', 'enqueueActions', 'forwardTo', 'log', 'raise', 'sendParent'].concat([
    'sendTo',
    'spawnChild',
    'stopChild',
  ]),
)

/** The part of a machine that is read; `machine.config`, or the same from JSON. */
export type ChartConfig = Readonly<Record<string, unknown>>

export interface ChartState {
  /** From the root's id on, with dots between: `connection.handshaking.judged`. */
  readonly path: string
  readonly name: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** The name of the child that is entered first. */
  readonly initial: string | undefined
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  /** The actors that live as long as the state is active. */
  readonly invokes: readonly string[]
  /** What is answered without leaving the state. */
  readonly inner: readonly string[]
  readonly states: readonly ChartState[]
  /** Between the states of this one. */
  readonly arrows: readonly ChartArrow[]
}

export interface ChartArrow {
  /** The path of a child, or of the state itself: then it comes from any of its children. */
  readonly from: string
  readonly to: string
  readonly labels: readonly ChartLabel[]
}

export interface ChartLabel {
  /** What happens and under which condition: `message.received [hears hello]`. */
  readonly text: string
  /** The event that it waits for; empty for `always`. */
  readonly event: string
  readonly actions: readonly string[]
  /** Which state inside of the arrow's end it leaves; empty for that one itself. */
  readonly from: string
  /** Which state inside of the arrow's other end it enters. */
  readonly to: string
}

interface Transition extends Pick<ChartLabel, 'text' | 'event' | 'actions'> {
  readonly source: string
  readonly target: string | undefined
}

interface Draft extends Omit<ChartState, 'states' | 'arrows' | 'inner'> {
  readonly config: ChartConfig
  readonly children: readonly Draft[]
}

/**
 * Reads a machine's configuration: `chartOf(machine.config)`, or what `JSON.parse` makes of a
 * definition that an inspector sent. Never throws; what is not understood is left out.
 */
export function chartOf(config: ChartConfig): ChartState {
  const id = nameOf(config.id) || 'machine'
  const budget = { states: STATES_MAX }
  const root = draft(config, { name: id, path: id, depth: 0, budget })
  const byPath = new Map<string, Draft>()
  const byId = new Map<string, Draft>()
  index(root, { byPath, byId })
  const transitions = [...byPath.values()].flatMap((state) =>
    transitionsOf(state, { byPath, byId }),
  )
  return finish(root, transitions)
}

interface Place {
  readonly name: string
  readonly path: string
  readonly depth: number
  readonly budget: { states: number }
}

function draft(config: ChartConfig, { name, path, depth, budget }: Place): Draft {
  const children: Draft[] = []
  for (const [child, inner] of depth < DEPTH_MAX ? Object.entries(record(config.states)) : []) {
    if (budget.states-- <= 0) break
    const place = { name: child, path: `${path}.${child}`, depth: depth + 1, budget }
    children.push(draft(record(inner), place))
  }
  const initial = config.initial
  return {
    path,
    name,
    kind: kindOf(config.type, children.length),
    initial: nameOf(typeof initial === 'object' ? record(initial).target : initial) || undefined,
    entry: names(config.entry),
    exit: names(config.exit),
    invokes: list(config.invoke).map((one) => nameOf(record(one).src) || 'actor'),
    config,
    children,
  }
}

function kindOf(type: unknown, children: number): ChartState['kind'] {
  if (type === 'final' || type === 'history' || type === 'parallel') return type
  return children > 0 ? 'compound' : 'atomic'
}

interface Found {
  readonly byPath: Map<string, Draft>
  /** A state without an id of its own goes by its path. */
  readonly byId: Map<string, Draft>
}

function index(state: Draft, { byPath, byId }: Found): void {
  byPath.set(state.path, state)
  const id = state.config.id
  byId.set(typeof id === 'string' ? id : state.path, state)
  for (const child of state.children) index(child, { byPath, byId })
}

function transitionsOf(state: Draft, found: Found): Transition[] {
  const transitions: Transition[] = []
  const add = (event: string, word: string, given: unknown) => {
    for (const one of list(given)) {
      const config = typeof one === 'string' ? { target: one } : record(one)
      const targets = list(config.target).filter((target) => typeof target === 'string')
      const text = word + (config.guard === undefined ? '' : ` [${guardOf(config.guard)}]`)
      const base = { source: state.path, text, event, actions: names(config.actions) }
      if (targets.length === 0) transitions.push({ ...base, target: undefined })
      for (const target of targets) {
        transitions.push({ ...base, target: resolve(state, target as string, found) })
      }
    }
  }
  const { config } = state
  for (const [event, given] of Object.entries(record(config.on))) add(event, event, given)
  for (const [delay, given] of Object.entries(record(config.after))) {
    add(`after ${delay}`, `after ${/^\d+$/.test(delay) ? `${delay} ms` : delay}`, given)
  }
  add('', 'always', config.always)
  add('done', 'done', config.onDone)
  for (const one of list(config.invoke)) {
    const { src, id, onDone, onError, onSnapshot } = record(one)
    const name = nameOf(src) || nameOf(id)
    add(`xstate.done.actor.${nameOf(id)}`, `${name} is done`, onDone)
    add(`xstate.error.actor.${nameOf(id)}`, `${name} failed`, onError)
    add(`xstate.snapshot.${nameOf(id)}`, `${name} changed`, onSnapshot)
  }
  return transitions
}

/** `#id` and `#id.child` from anywhere, `.child` below the source, `sibling` beside it. */
function resolve(source: Draft, target: string, { byPath, byId }: Found): string | undefined {
  if (target.startsWith('#')) {
    const [id, ...rest] = target.slice(1).split('.')
    // An id may have dots in it itself.
    const whole = byId.get(target.slice(1))
    if (whole) return whole.path
    const start = byId.get(id as string)
    return start && byPath.get([start.path, ...rest].join('.'))?.path
  }
  if (target.startsWith('.')) return byPath.get(source.path + target)?.path
  const parent = source.path.slice(0, Math.max(0, source.path.lastIndexOf('.')))
  return byPath.get(`${parent}.${target}`)?.path
}

/** A guard with its parameters: `hears hello`. */
function guardOf(guard: unknown): string {
  const params = Object.values(record(record(guard).params))
    .flat()
    .filter((one) => typeof one === 'string' || typeof one === 'number')
  const name = nameOf(guard) || 'condition'
  return [name, params.join(' or ')].filter((part) => part !== '').join(' ')
}

/** The tree with its arrows, each at the level where it belongs. */
function finish(state: Draft, transitions: readonly Transition[]): ChartState {
  const { config: _, children, ...rest } = state
  const inner = transitions
    .filter(({ source, target }) => source === state.path && target === undefined)
    .map(({ text, actions }) => (actions.length > 0 ? `${text} / ${actions.join(', ')}` : text))
  return {
    ...rest,
    inner,
    states: children.map((child) => finish(child, transitions)),
    arrows: arrowsAt(state.path, transitions),
  }
}

function arrowsAt(level: string, transitions: readonly Transition[]): ChartArrow[] {
  const arrows = new Map<string, { from: string; to: string; labels: ChartLabel[] }>()
  for (const { source, target, ...label } of transitions) {
    if (target === undefined || levelOf(source, target) !== level) continue
    const [from, to] = [below(level, source), below(level, target)]
    const arrow = arrows.get(`${from} ${to}`) ?? { from, to, labels: [] }
    arrows.set(`${from} ${to}`, arrow)
    const inside = { from: source.slice(from.length + 1), to: target.slice(to.length + 1) }
    arrow.labels.push({ ...label, ...inside })
  }
  return [...arrows.values()]
}

/** The innermost state that holds both ends; a state's way back into itself is its parent's. */
function levelOf(source: string, target: string): string {
  if (target.startsWith(`${source}.`)) return source
  const [one, other] = [source.split('.'), target.split('.')]
  let shared = 0
  while (shared < one.length && one[shared] === other[shared]) shared++
  if (shared === one.length || shared === other.length) shared--
  return one.slice(0, Math.max(1, shared)).join('.')
}

/** The child of a level in which a path lies; the level itself for its own path. */
function below(level: string, path: string): string {
  const rest = path.slice(level.length + 1)
  return rest === '' ? level : `${level}.${rest.split('.')[0]}`
}

function names(given: unknown): string[] {
  return list(given)
    .map(nameOf)
    .filter((name) => name !== '' && !builtIn.has(name))
}

/** Built-in actions are functions that are named after what they do, or not at all. */
function nameOf(given: unknown): string {
  if (typeof given === 'string') return given
  if (typeof given === 'function') return given.name
  const { type } = record(given)
  return typeof type === 'string' ? type : ''
}

function list(given: unknown): unknown[] {
  if (given === undefined || given === null) return []
  return Array.isArray(given) ? given : [given]
}

function record(given: unknown): Record<string, unknown> {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
}
