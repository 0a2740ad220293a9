/** What things are called and coloured on the page, the same in every pane. */
import type { ActorRecord, World } from '../world.ts'

/** Colours that `page.css` has for peers; further ones share them. */
export const COLOURS = 10

const order = new Map<string, number>()

/** The class that gives a peer its colour: in the order in which peers were first met. */
export function colourOf(peerId: string | undefined): string {
  if (peerId === undefined || peerId === '') return 'nobody'
  if (!order.has(peerId)) order.set(peerId, order.size)
  return `peer-${(order.get(peerId) as number) % COLOURS}`
}

/** The machine that an actor runs, by the id of its definition; undefined if it is no machine. */
export function machineOf({ message }: ActorRecord): string | undefined {
  const { definition } = message
  return definition?.includes('"states"') ? /"id":"([^"]+)"/.exec(definition)?.[1] : undefined
}

/** The dictionary that an actor belongs to: the sync actor above it, or itself. */
export function syncOf(world: World, actor: ActorRecord | undefined): ActorRecord | undefined {
  let above = actor
  for (let depth = 0; above && depth < 20; depth++) {
    if (world.dictionaries.has(above.uid) || machineOf(above) === 'sync') return above
    above = above.parent === undefined ? undefined : world.actors.get(above.parent)
  }
  return undefined
}

interface Told {
  readonly reader?: { readonly peerId?: string }
  readonly peerId?: string | null
  readonly key?: string
  readonly address?: string
  readonly direction?: string
}

export function contextOf(actor: ActorRecord | undefined): Told {
  const context = actor?.snapshot.context
  return typeof context === 'object' && context !== null ? (context as Told) : {}
}

/** The peer of a dictionary, as it calls itself. */
export function peerOf(world: World, sync: ActorRecord | undefined): string | undefined {
  if (!sync) return undefined
  return world.dictionaries.get(sync.uid)?.summary.peerId ?? contextOf(sync).reader?.peerId
}

/** Whose an actor is, in one word: its dictionary's peer, or its process. */
export function ownerOf(world: World, actor: ActorRecord): string {
  const peer = peerOf(world, syncOf(world, actor))
  return peer ?? world.sources.get(actor.message.source)?.name ?? actor.message.source
}

/** What tells an actor from others of its machine. */
export function labelOf(world: World, actor: ActorRecord): string {
  const { peerId, address, key, direction } = contextOf(actor)
  const owner = ownerOf(world, actor)
  switch (machineOf(actor)) {
    case 'connection':
      return `${owner} ${direction === 'incoming' ? '←' : '→'} ${peerId ?? address ?? '…'}`
    case 'lease':
      return key === undefined ? owner : `${owner}: ${key}`
    default:
      return owner
  }
}

/** The state of a machine in one line: `handshaking.judged`. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  const parts = Object.entries(value).map(([name, inner]) => {
    const text = stateText(inner)
    return text === '' ? name : `${name}.${text}`
  })
  return parts.join(' + ')
}

/** Every state that is active, as paths like those of a chart. */
export function activePaths(id: string, value: unknown): Set<string> {
  const paths = new Set([id])
  const walk = (at: string, inner: unknown) => {
    if (typeof inner === 'string') paths.add(`${at}.${inner}`)
    else if (typeof inner === 'object' && inner !== null) {
      for (const [name, deeper] of Object.entries(inner)) {
        paths.add(`${at}.${name}`)
        walk(`${at}.${name}`, deeper)
      }
    }
  }
  walk(id, value)
  return paths
}

export function timeText(at: number): string {
  const date = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`
}

/** What is left, as one reads it: `59 min`, `2:05`, `4.2 s`. */
export function restText(ms: number): string {
  if (ms <= 0) return 'over'
  const seconds = ms / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, '0')} min`
  if (minutes < 120) return `${minutes} min`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`
}
