/**
 * Watches the actors of this process: what XState tells its inspectors becomes messages, a bundle
 * of them a few times a second.
 *
 * XState calls at every event, before the store can go on, so hardly anything is done then: what
 * comes is kept as it is, a few of each kind, and the rest is counted. It is written down later, at
 * once for all.
 */
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { Reader } from '../actors/reader.ts'
import { definitionOf } from './definition.ts'
import type { Message, SnapshotView } from './message.ts'
import { type Showing, show, showEvent } from './redaction.ts'
import { Rows } from './rows.ts'

/** How often is told what happened. Milliseconds. */
const FLUSH_MS = 50
/** How often the dictionaries are looked at anyway: leases are renewed without a word. */
const LOOK_MS = 1_000
/** Between two looks because something happened. Milliseconds. */
const LOOK_MS_MIN = 200
/** Events of one type to one actor that are told one by one at each flush. */
const EVENTS_OF_A_KIND_MAX = 12
/** What is kept for one flush in all. */
const PENDING_MAX = 2_000
const ACTORS_MAX = 5_000

/** The machines of this package: what they are sent is known, so parts of it may be shown. */
const ourMachines = new Set(['sync', 'mesh', 'connection', 'lease'])

/** A message before the server says which process it is from. */
export type Unsourced = Message extends infer M
  ? M extends Message
    ? Omit<M, 'source'>
    : never
  : never

export interface ObserverOptions extends Showing {
  /** Takes the messages of one flush. */
  readonly tell: (messages: readonly Unsourced[]) => void
}

interface Watched {
  readonly sessionId: string
  readonly isMachine: boolean
  readonly isOurs: boolean
  /** How many events of each type came since the last flush. */
  readonly counts: Map<string, number>
  /** What was told last of where the machine is. */
  place: string
}

type Kept = { readonly event: InspectionEvent; readonly at: number }

interface Followed {
  readonly ref: AnyActorRef
  readonly rows: Rows
  isTouched: boolean
  lookedAt: number
}

export class Observer {
  readonly #options: ObserverOptions
  readonly #watched = new Map<AnyActorRef, Watched>()
  readonly #followed = new Map<AnyActorRef, Followed>()
  readonly #look: NodeJS.Timeout
  #pending: Kept[] = []
  /** Actors that were sent an event since the last flush. */
  readonly #busy = new Set<Watched>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#look = setInterval(() => this.#flushSoon(), LOOK_MS).unref()
  }

  /** For `openDictionary({ inspect })` and `createActor(logic, { inspect })`. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.event') this.#heardEvent(event)
    else if (event.type === '@xstate.snapshot') this.#heardSnapshot(event)
    else if (event.type === '@xstate.actor') this.#keep(event)
  }

  /** Tells what is left to tell, and hears no more. */
  close(): void {
    clearInterval(this.#look)
    clearTimeout(this.#timer)
    this.#flush()
    this.#watched.clear()
    this.#followed.clear()
  }

  #heardEvent(event: Extract<InspectionEvent, { type: '@xstate.event' }>): void {
    const actor = this.#watch(event.actorRef as AnyActorRef)
    const { type } = event.event
    const count = (actor.counts.get(type) ?? 0) + 1
    actor.counts.set(type, count)
    if (count === 1) this.#busy.add(actor)
    if (count <= EVENTS_OF_A_KIND_MAX) this.#keep(event)
    if (type === 'facts.told') this.#touch(event)
  }

  /** Of other actors than machines nothing is told but their end. */
  #heardSnapshot(event: Extract<InspectionEvent, { type: '@xstate.snapshot' }>): void {
    const actor = this.#watch(event.actorRef as AnyActorRef)
    if (actor.isMachine || event.snapshot.status !== 'active') this.#keep(event)
  }

  #keep(event: InspectionEvent): void {
    if (this.#pending.length < PENDING_MAX || event.type === '@xstate.actor') {
      this.#pending.push({ event, at: Date.now() })
    }
    this.#flushSoon()
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref()
  }

  #watch(ref: AnyActorRef): Watched {
    const known = this.#watched.get(ref)
    if (known) return known
    const config = configOf(ref)
    const parent = parentOf(ref)
    const isOurs =
      ourMachines.has(config?.id ?? '') || (parent !== undefined && this.#watch(parent).isOurs)
    const isMachine = config?.isMachine === true
    const actor = { sessionId: ref.sessionId, isMachine, isOurs, counts: new Map(), place: '' }
    if (this.#watched.size >= ACTORS_MAX) this.#watched.clear()
    this.#watched.set(ref, actor)
    return actor
  }

  /** Facts say which keys changed. */
  #touch({ actorRef, event }: Extract<InspectionEvent, { type: '@xstate.event' }>): void {
    const followed = this.#followed.get(actorRef as AnyActorRef)
    if (followed === undefined) return
    followed.isTouched = true
    const facts = (event as { facts?: readonly { key?: never }[] }).facts ?? []
    // Of ten thousand keys at once the last are as good as the first.
    for (const { key } of facts.slice(-EVENTS_OF_A_KIND_MAX * 50)) {
      if (key !== undefined) followed.rows.touch(key)
    }
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const pending = this.#pending
    this.#pending = []
    const messages = pending.flatMap((kept) => this.#written(kept))
    for (const actor of this.#busy) {
      messages.push(...uncounted(actor))
      actor.counts.clear()
    }
    this.#busy.clear()
    messages.push(...this.#looked())
    if (messages.length > 0) this.#options.tell(messages)
  }

  #written({ event, at }: Kept): Unsourced[] {
    const ref = event.actorRef as AnyActorRef
    const actor = this.#watch(ref)
    const base = { sessionId: actor.sessionId, createdAt: String(at) }
    switch (event.type) {
      case '@xstate.actor':
        return [{ ...base, type: event.type, ...this.#described(ref, event.rootId) }]
      case '@xstate.event': {
        const sourceId = (event.sourceRef as AnyActorRef | undefined)?.sessionId
        const shown = this.#shownEvent(actor, event.event)
        return [{ ...base, type: event.type, sourceId, event: shown }]
      }
      case '@xstate.snapshot':
        return this.#writtenSnapshot(actor, { event, base })
      default:
        return []
    }
  }

  #writtenSnapshot(
    actor: Watched,
    {
      event,
      base,
    }: {
      event: Extract<InspectionEvent, { type: '@xstate.snapshot' }>
      base: { sessionId: string; createdAt: string }
    },
  ): Unsourced[] {
    const ref = event.actorRef as AnyActorRef
    const { context, value, status } = event.snapshot as SnapshotView
    const reader = (context as { reader?: unknown } | undefined)?.reader
    if (reader instanceof Reader) this.#follow(ref, { reader, status })
    const snapshot = this.#shownSnapshot(actor, { context, value, status })
    const place = JSON.stringify([value, status, snapshot.context])
    if (place === actor.place) return []
    actor.place = place
    if (status !== 'active') this.#watched.delete(ref)
    return [{ ...base, type: event.type, snapshot, event: { type: event.event.type } }]
  }

  #described(ref: AnyActorRef, rootId: string) {
    const config = configOf(ref)
    const name = ref.id === ref.sessionId && config?.id ? config.id : ref.id
    const parentId = parentOf(ref)?.sessionId
    const definition = config?.isMachine ? definitionOf(config.given) : JSON.stringify({ id: name })
    const snapshot = { status: 'active' }
    return { name, parentId, rootId, definition, snapshot }
  }

  #shownEvent(actor: Watched, event: { type: string }) {
    if (!actor.isOurs && !this.#options.values) return { type: event.type }
    return showEvent(event, this.#options)
  }

  #shownSnapshot(actor: Watched, { context, value, status }: SnapshotView): SnapshotView {
    if (!actor.isMachine) return { status }
    if (!actor.isOurs && !this.#options.values) return { status, value }
    // The dictionary is told by itself, and would be read anew for every snapshot here.
    const told = { ...(context as object | undefined), reader: undefined }
    return { status, value, context: show(told, this.#options) }
  }

  #follow(ref: AnyActorRef, { reader, status }: { reader: Reader; status: string }): void {
    if (status !== 'active') {
      this.#followed.delete(ref)
      return
    }
    const known = this.#followed.get(ref)
    if (known) return
    this.#followed.set(ref, {
      ref,
      rows: new Rows(reader, this.#options),
      isTouched: true,
      lookedAt: 0,
    })
  }

  *#looked(): Generator<Unsourced> {
    const now = Date.now()
    for (const followed of this.#followed.values()) {
      const rest = now - followed.lookedAt
      if (rest < LOOK_MS_MIN) {
        if (followed.isTouched) this.#flushSoon()
        continue
      }
      if (!followed.isTouched && rest < LOOK_MS) continue
      followed.isTouched = false
      followed.lookedAt = now
      const { listening } = followed.ref.getSnapshot().context
      const news = followed.rows.look(now, listening)
      if (news) yield { ...news, sessionId: followed.ref.sessionId }
    }
  }
}

/** The events that were only counted, one message for each kind. */
function* uncounted(actor: Watched): Generator<Unsourced> {
  const createdAt = String(Date.now())
  for (const [type, count] of actor.counts) {
    const more = count - EVENTS_OF_A_KIND_MAX
    if (more <= 0) continue
    yield { type: '@xstate.event', sessionId: actor.sessionId, createdAt, event: { type }, more }
  }
}

/** A lease is the root of its own system; its input says to which dictionary it belongs. */
function parentOf(ref: AnyActorRef): AnyActorRef | undefined {
  const { _parent: parent, options } = ref as AnyActorRef & {
    _parent?: AnyActorRef
    options?: { input?: { sync?: AnyActorRef } }
  }
  const sync = options?.input?.sync
  return parent ?? (typeof sync?.sessionId === 'string' ? sync : undefined)
}

function configOf(ref: AnyActorRef) {
  const { logic } = ref as unknown as { logic?: { config?: Record<string, unknown> } }
  const given = logic?.config
  if (typeof given !== 'object' || given === null) return undefined
  const isMachine = 'states' in given || 'initial' in given || 'on' in given
  return { given, isMachine, id: typeof given.id === 'string' ? given.id : undefined }
}
