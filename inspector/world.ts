/**
 * All that is known at one moment: processes, actors, dictionaries. Made of messages, one after the
 * other, and able to tell itself in messages again. The server keeps one, the page keeps several:
 * now, the beginning of what it remembers, and the moment that is looked at.
 *
 * Records are replaced, never changed, so a copy of a world costs no more than its maps.
 */
import {
  ACTORS_MAX,
  type ActorMessage,
  DICTIONARIES_MAX,
  type DictionaryMessage,
  ENDED_DICTIONARIES_MAX,
  ENDED_MAX,
  type Message,
  ROWS_MAX,
  type Row,
  type SnapshotView,
  SOURCES_MAX,
} from './message.ts'

export interface SourceRecord {
  readonly id: string
  readonly name: string
  readonly isLive: boolean
}

export interface ActorRecord {
  /** Unlike any other of all sources. */
  readonly uid: string
  readonly message: ActorMessage
  readonly parent: string | undefined
  readonly snapshot: SnapshotView
  readonly isEnded: boolean
  /** The type of the event that led to the snapshot. */
  readonly cause: string | undefined
  readonly changedAt: number
}

export interface RowRecord extends Row {
  /** When the lease is over, in milliseconds since 1970; absent without a lease. */
  readonly deadline?: number
  /** The longest rest that was seen of this lease, in milliseconds: its term, as far as known. */
  readonly termMs?: number
  readonly changedAt: number
}

export interface DictionaryRecord {
  readonly uid: string
  readonly source: string
  readonly summary: Omit<DictionaryMessage, 'rows' | 'removed'>
  readonly rows: ReadonlyMap<string, RowRecord>
}

export class World {
  readonly sources: Map<string, SourceRecord>
  readonly actors: Map<string, ActorRecord>
  readonly dictionaries: Map<string, DictionaryRecord>

  constructor(from?: World) {
    this.sources = new Map(from?.sources)
    this.actors = new Map(from?.actors)
    this.dictionaries = new Map(from?.dictionaries)
  }

  apply(message: Message): void {
    switch (message.type) {
      case '@holdfast.source':
        return this.#applySource(message.source, { ...message, id: message.source })
      case '@xstate.actor':
        return this.#applyActor(message)
      case '@xstate.snapshot': {
        const actor = this.actors.get(uidOf(message))
        if (actor === undefined) return
        const { snapshot, event } = message
        const changedAt = Number(message.createdAt)
        const cause = event.type
        this.#keep({ ...actor, snapshot, isEnded: isOver(snapshot), cause, changedAt })
        if (isOver(snapshot)) this.#end(actor.uid)
        return
      }
      case '@holdfast.dictionary':
        return this.#applyDictionary(message)
    }
  }

  /** What leads from nothing to this world. */
  *messages(): Generator<Message> {
    for (const { id, name, isLive } of this.sources.values()) {
      yield { type: '@holdfast.source', source: id, name, isLive, createdAt: '0' }
    }
    for (const { message, snapshot, changedAt } of this.actors.values()) {
      yield { ...message, snapshot, createdAt: String(changedAt) }
    }
    for (const { summary, rows } of this.dictionaries.values()) {
      const now = Number(summary.createdAt)
      const told = [...rows.values()].map(({ deadline, termMs: _, changedAt: __, ...row }) =>
        deadline === undefined ? row : { ...row, remainingMs: Math.max(0, deadline - now) },
      )
      yield { ...summary, isWhole: true, rows: told, removed: [] }
    }
  }

  #applySource(id: string, { name, isLive }: SourceRecord): void {
    if (!this.sources.has(id) && this.sources.size >= SOURCES_MAX) {
      const gone = [...this.sources.values()].find((source) => !source.isLive)
      if (gone === undefined) return
      this.#forgetSource(gone.id)
    }
    this.sources.set(id, { id, name, isLive })
    if (isLive) return
    for (const actor of this.actors.values()) {
      if (actor.message.source === id) this.#keep({ ...actor, isEnded: true })
    }
    this.#forgetEnded()
  }

  #forgetSource(id: string): void {
    this.sources.delete(id)
    for (const [uid, { message }] of this.actors) if (message.source === id) this.#forget(uid)
  }

  #applyActor(message: ActorMessage): void {
    const uid = uidOf(message)
    if (!this.actors.has(uid) && this.actors.size >= ACTORS_MAX) this.#forgetOldest()
    const { snapshot, parentId, source } = message
    const parent = parentId === undefined ? undefined : uidOf({ source, sessionId: parentId })
    const changedAt = Number(message.createdAt)
    const isOrphan = parent !== undefined && this.actors.get(parent)?.isEnded === true
    const isEnded = isOver(snapshot) || isOrphan
    this.#keep({ uid, message, parent, snapshot, isEnded, cause: undefined, changedAt })
  }

  #keep(actor: ActorRecord): void {
    this.actors.set(actor.uid, actor)
  }

  /** An actor takes its children along, which do not tell it themselves. */
  #end(uid: string): void {
    for (const actor of this.actors.values()) {
      if (actor.parent !== uid || actor.isEnded) continue
      this.#keep({ ...actor, isEnded: true })
      this.#end(actor.uid)
    }
    this.#forgetEnded()
  }

  /** A dictionary that ended is kept longer than its actors: it shows who is gone. */
  #forgetEnded(): void {
    const ended = [...this.actors.values()].filter(({ isEnded }) => isEnded)
    ended.sort((one, other) => one.changedAt - other.changedAt)
    const [kept, plain] = [true, false].map((is) =>
      ended.filter(({ uid }) => this.dictionaries.has(uid) === is),
    ) as [ActorRecord[], ActorRecord[]]
    const tooMany = [...plain.slice(0, -ENDED_MAX), ...kept.slice(0, -ENDED_DICTIONARIES_MAX)]
    for (const { uid } of tooMany) this.#forget(uid)
  }

  #forgetOldest(): void {
    const actors = [...this.actors.values()]
    const oldest = actors.find(({ isEnded }) => isEnded) ?? actors[0]
    if (oldest) this.#forget(oldest.uid)
  }

  #forget(uid: string): void {
    this.actors.delete(uid)
    this.dictionaries.delete(uid)
  }

  #applyDictionary(message: DictionaryMessage): void {
    const uid = uidOf(message)
    const known = this.dictionaries.get(uid)
    if (known === undefined && this.dictionaries.size >= DICTIONARIES_MAX) return
    const { rows: told, removed, ...summary } = message
    const now = Number(message.createdAt)
    const rows = new Map(message.isWhole ? [] : known?.rows)
    for (const key of removed) rows.delete(key)
    for (const row of told) rows.set(row.key, rowOf(row, { now, before: known?.rows.get(row.key) }))
    for (const key of rows.keys()) {
      if (rows.size <= ROWS_MAX) break
      rows.delete(key)
    }
    this.dictionaries.set(uid, { uid, source: message.source, summary, rows })
  }
}

export function uidOf({ source, sessionId }: { source: string; sessionId: string }): string {
  return `${source}/${sessionId}`
}

function rowOf(row: Row, { now, before }: { now: number; before: RowRecord | undefined }) {
  const { remainingMs } = row
  const isSame = before?.owner === row.owner && before?.token === row.token
  const changedAt = isSame && before?.value === row.value ? (before?.changedAt ?? now) : now
  if (remainingMs === undefined) return { ...row, changedAt }
  const termMs = isSame ? Math.max(remainingMs, before?.termMs ?? 0) : remainingMs
  return { ...row, deadline: now + remainingMs, termMs, changedAt }
}

function isOver({ status }: SnapshotView): boolean {
  return status === 'done' || status === 'error' || status === 'stopped'
}
