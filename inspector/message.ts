/**
 * What the inspector is told and tells on: the messages of XState's inspection protocol, as
 * `@statelyai/inspect` writes them, and two of our own.
 *
 * A source is a process that is inspected. Its actors have ids that are its own only, so every
 * message says which source it is from. This file runs in the page as well.
 */

interface Stamped {
  /** Which process it is from; given by the server, not by the process. */
  readonly source: string
  /** When, in milliseconds since 1970, as text. */
  readonly createdAt: string
}

export interface SnapshotView {
  readonly status: string
  /** Where a machine is: the name of a state, or nested ones. */
  readonly value?: unknown
  readonly context?: unknown
}

/** An actor was made. */
export interface ActorMessage extends Stamped {
  readonly type: '@xstate.actor'
  readonly name: string
  readonly sessionId: string
  readonly parentId?: string | undefined
  readonly rootId?: string | undefined
  /** The configuration of its machine as JSON; other actors have only an id in it. */
  readonly definition?: string | undefined
  readonly snapshot: SnapshotView
}

/** An actor was sent an event. */
export interface EventMessage extends Stamped {
  readonly type: '@xstate.event'
  readonly sessionId: string
  readonly sourceId?: string | undefined
  readonly event: { readonly type: string } & Record<string, unknown>
  /** How many more of this kind came in the same moment and are not told one by one. */
  readonly more?: number | undefined
}

/** An actor is in another state. */
export interface SnapshotMessage extends Stamped {
  readonly type: '@xstate.snapshot'
  readonly sessionId: string
  readonly snapshot: SnapshotView
  readonly event: { readonly type: string } & Record<string, unknown>
}

/** A key of a dictionary. */
export interface Row {
  readonly key: string
  /** The value as JSON, or what it is if values are not shown; absent if it has none. */
  readonly value?: string | undefined
  /** Who owns it; absent if it is free. */
  readonly owner?: string | undefined
  readonly token?: number | undefined
  /** What is left of the lease at `createdAt`, in milliseconds. */
  readonly remainingMs?: number | undefined
}

export interface PeerRow {
  readonly peerId: string
  readonly address: string
  readonly direction: string
  readonly roundTripMs?: number | undefined
}

/** What a dictionary holds: all that is shown of it, or what changed. */
export interface DictionaryMessage extends Stamped {
  readonly type: '@holdfast.dictionary'
  /** The sync actor. */
  readonly sessionId: string
  readonly peerId: string
  readonly size: number
  readonly digest: string
  readonly listening: readonly string[]
  readonly peers: readonly PeerRow[]
  /** True if `rows` are all; false if they are added to what was told before. */
  readonly isWhole: boolean
  readonly rows: readonly Row[]
  readonly removed: readonly string[]
}

/** A process began or ceased to tell. */
export interface SourceMessage extends Stamped {
  readonly type: '@holdfast.source'
  readonly name: string
  readonly isLive: boolean
}

export type Message =
  | ActorMessage
  | EventMessage
  | SnapshotMessage
  | DictionaryMessage
  | SourceMessage

/** The version of `@statelyai/inspect` whose messages these are. */
export const PROTOCOL = '0.7.2'

/** How much one dictionary, and all, may show. */
export const ROWS_MAX = 500
export const DICTIONARIES_MAX = 64
export const SOURCES_MAX = 64
/** Actors of all sources, ended ones included. */
export const ACTORS_MAX = 2_000
/** Ended actors that are still shown. */
export const ENDED_MAX = 60
export const ENDED_DICTIONARIES_MAX = 16
