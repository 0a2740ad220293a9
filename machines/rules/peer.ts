/** The identifiers of the mesh. Branded, so that mixing them up does not compile. */

declare const brand: unique symbol

/**
 * Names one peer of a network, for as long as it keeps the id: over restarts, if the app wants so.
 */
export type PeerId = string & { readonly [brand]: 'PeerId' }

/**
 * Names one start of a peer. A restart is a new run, so a number counted in a run is never used
 * twice.
 */
export type RunId = string & { readonly [brand]: 'RunId' }

/** Names one connection at both of its ends. The dialler makes it. */
export type ConnectionId = string & { readonly [brand]: 'ConnectionId' }

/** Names a connection at this end only, from before its `ConnectionId` is known. */
export type Handle = string & { readonly [brand]: 'Handle' }

/** A peer in one of its runs: who wrote an entry, who sent a broadcast. */
export interface Origin {
  readonly peer: PeerId
  readonly run: RunId
}

/** The longest id that is accepted from anybody, in characters. */
export const ID_CHARS_MAX = 128

/** True for text that can serve as an id: 1 to 128 printable ASCII characters without space. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && text.length <= ID_CHARS_MAX && /^[\x21-\x7e]+$/.test(text)
}
