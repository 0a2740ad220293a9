/**
 * The errors that the public face throws. A code is a contract and does not change between major
 * versions; a message is for people and may. Refusals among peers are verdicts, not errors.
 */

/** What a program can do with each code: when it comes, what state is left, what to do. */
export const ERRORS = {
  LEASE_HELD: {
    when: 'Another peer owns the key: set, delete, pop, update or acquire was refused.',
    state: 'Nothing changed.',
    cure: 'Wait `remainingMs`, ask `owner` to release or transfer it, or use acquire with waitMs.',
  },
  LEASE_LOST: {
    when: 'A lease handle was used after its lease had ended; `reason` says how.',
    state: 'Nothing changed. The key may have a new owner.',
    cure: 'Stop what the lease protected, then acquire again.',
  },
  LEASE_NOT_HELD: {
    when: 'renew, release or transfer of a key that this peer does not own.',
    state: 'Nothing changed.',
    cure: 'Acquire the key first.',
  },
  LEASE_REQUIRED: {
    when: "With safety: 'majority', a write without a lease that this peer has acquired.",
    state: 'Nothing changed.',
    cure: 'Acquire the key first, and write while the lease is valid.',
  },
  SAFETY_FORBIDS: {
    when: "With safety: 'majority', transfer, or acquire with steal: true.",
    state: 'Nothing changed.',
    cure: 'Release the key, so that the other peer can acquire it.',
  },
  READ_ONLY: {
    when: 'A peer that `readOnly` names tried to write or to hold a lease.',
    state: 'Nothing changed. All other peers would refuse the entry.',
    cure: 'Write at another peer, or take this one off the list, at every peer of the network.',
  },
  NOT_PERMITTED: {
    when: '`permissions` has rules for that key, and none of them permits what was tried.',
    state: 'Nothing changed. All other peers would refuse the entry.',
    cure: "Change the rules at every peer of the network; or, for 'term', ask for less.",
  },
  LEASES_OFF: {
    when: 'acquire, renew or transfer in a dictionary that was opened with leasing: false.',
    state: 'Nothing changed.',
    cure: 'Open the dictionary with leasing: true, at every peer.',
  },
  NO_MAJORITY: {
    when: 'Too many peers are out of reach to take a lapsed lease over; or too many voters.',
    state:
      'Nothing changed. Without this guard a peer cut off from all others would collect every key.',
    cure: "Reconnect and try again. Without safety: 'majority', takeover: 'any' goes on alone.",
  },
  KEY_MISSING: {
    when: 'pop of a key that has no value, or popItem when this peer may remove none.',
    state: 'Nothing changed.',
    cure: 'Pass a fallback to pop, or ask has() first.',
  },
  KEY_INVALID: {
    when: 'A key is neither well-formed text nor bytes, or longer than 1,024 bytes.',
    state: 'Nothing changed.',
    cure: 'Use a string or a Uint8Array of at most 1,024 bytes.',
  },
  VALUE_INVALID: {
    when: 'A value holds what cannot travel: a function, symbol, class instance or cycle.',
    state: 'Nothing changed.',
    cure: 'Store plain data; `path` says where the offending part is.',
  },
  VALUE_TOO_LARGE: {
    when: 'A value or message is larger than 512 KiB, deeper than 32 levels or has too many parts.',
    state: 'Nothing changed.',
    cure: 'Split it over several keys, or store a reference to it.',
  },
  STORE_FULL: {
    when: 'The dictionary holds as many entries or bytes as `limits` allow.',
    state: 'Nothing changed.',
    cure: 'Delete keys, or open every peer with larger limits.',
  },
  OPTION_UNKNOWN: {
    when: 'An option has a name that does not exist; `option` says which.',
    state: 'Nothing was opened or changed.',
    cure: 'Correct the name.',
  },
  OPTION_INVALID: {
    when: 'An option has a value of the wrong kind or range; `option` says which.',
    state: 'Nothing was opened or changed.',
    cure: 'Correct the value.',
  },
  ADDRESS_INVALID: {
    when: 'An address cannot be read, or no transport knows its scheme.',
    state: 'Nothing was opened or dialled.',
    cure: 'Write tcp://host:port, or pass the transport for this scheme.',
  },
  ADDRESS_EXPOSED: {
    when: 'An address leads out of this machine without encryption, or without a strong secret.',
    state: 'Nothing was opened or dialled.',
    cure: "Add these lines, or give encryption up with insecure: 'plain-text-on-this-network'.",
  },
  SECRET_FILE_REFUSED: {
    when: 'The file of the secret or the identity is open to others, unreadable or no key.',
    state: 'Nothing was opened; the file is as it was. `reason` says what is wrong.',
    cure: 'Run chmod 600 on it or delete it; or set `secret`, or the variable HOLDFAST_SECRET.',
  },
  ADDRESS_IN_USE: {
    when: 'Another program listens on an address of `listen`.',
    state: 'The dictionary is closed.',
    cure: 'Choose another port, or port 0 and let the system choose.',
  },
  LISTEN_FAILED: {
    when: 'An address of `listen` could not be bound, though it is not in use, or was lost later.',
    state: 'The dictionary is closed. A loss later is reported only; the connections stay.',
    cure: 'See the message: often a host that is not this machine, or a privileged port.',
  },
  CONNECT_FAILED: {
    when: 'connect() reached nobody, or the connection ended before it was nominal.',
    state: 'No connection was added; the dictionary works on.',
    cure: 'Check that the other peer listens there; `reason` says what happened.',
  },
  NETWORK_MISMATCH: {
    when: 'The peer at that address belongs to another network.',
    state: 'No connection was added; both sides were told.',
    cure: 'Use the same `network` at both peers.',
  },
  SECRET_MISMATCH: {
    when: 'The peer at that address went without an answer, as it does when the secret differs.',
    state: 'No connection was added. The other side was told that somebody had another secret.',
    cure: 'Use the same `secret` at both peers; processes of one user share a file by default.',
  },
  PROOF_INVALID: {
    when: 'Who answers proves neither membership nor its id, or only one; `reason` says which.',
    state: 'No connection was added; nothing was told to it.',
    cure: 'See if something stands between the peers: a port that is forwarded needs `insecure`.',
  },
  VERSION_MISMATCH: {
    when: 'The peers speak no common version of the protocol.',
    state: 'No connection was added; both sides were told.',
    cure: 'Update the older peer.',
  },
  LEASING_MISMATCH: {
    when: 'One peer has leases and the other has not.',
    state: 'No connection was added; both sides were told.',
    cure: 'Use the same `leasing` at every peer of a network.',
  },
  SAFETY_MISMATCH: {
    when: 'The peers differ in `safety`, in `voters` or in `leaseMsMax`.',
    state: 'No connection was added; both sides were told.',
    cure: 'Use the same three options at every peer of a network.',
  },
  RULES_MISMATCH: {
    when: 'The peers differ in `integrity`, `readOnly`, `permissions`, or in what an entry may be.',
    state: 'No connection was added; both sides were told.',
    cure: 'Give all the same; with a secret peers sign. For the reason measure-…: run one build.',
  },
  PEER_MISMATCH: {
    when: 'Another peer than the expected one answers at that address.',
    state: 'No connection was added.',
    cure: 'Correct `peerId` or the address; the peer may have restarted under another id.',
  },
  PEER_DENIED: {
    when: 'By the lists `allow` and `deny` of one of the two peers the other may not be connected.',
    state: 'No connection was added; both sides were told.',
    cure: 'Change the lists of whoever refused, at its opening or by admit() while it runs.',
  },
  PEER_CLASH: {
    when: 'The other peer claims the peer id of this one.',
    state: 'No connection was added; both sides were told.',
    cure: 'Give each peer an id of its own, or leave `peerId` out.',
  },
  SELF_CONNECTION: {
    when: 'The address leads back to this peer.',
    state: 'No connection was added; the address is not dialled again.',
    cure: 'Leave the own address out of `join`.',
  },
  PEER_BUSY: {
    when: 'The other peer, or this one, has as many connections as it accepts, or is closing.',
    state: 'No connection was added.',
    cure: 'Try again later, or raise limits.connectionsMax.',
  },
  PEER_UNKNOWN: {
    when: 'disconnect or transfer names who is not connected, or a simulation a stranger.',
    state: 'Nothing changed.',
    cure: 'Look at peers.',
  },
  TIMEOUT: {
    when: 'acquire, transfer, untilCurrent or untilDelivered did not succeed within its time.',
    state:
      'The key has the owner it had. After a transfer it stays reserved for the heir for its term.',
    cure: 'Wait longer (waitMs), or look at lease(key) and peers.',
  },
  ABORTED: {
    when: 'The AbortSignal that was passed fired.',
    state: 'Nothing changed.',
    cure: 'Nothing: this is what was asked for.',
  },
  TOKEN_STALE: {
    when: 'A fence has let a greater token pass for that key; `token` is the greatest.',
    state: 'What the fence guards was not touched; at the end of a promise it may have been.',
    cure: 'Stop: the lease is lost. Acquire it again to go on.',
  },
  FENCE_FULL: {
    when: 'A fence knows as many keys as `keysMax` allows, and this one is new.',
    state: 'What the fence guards was not touched.',
    cure: 'Forget keys that are no more, or make the fence with a larger keysMax.',
  },
  HANDLER_FAILED: {
    when: 'A registered handler or listener threw; reported in status and the error event.',
    state: 'The message went on to the next handler; nothing else changed.',
    cure: 'Mend the handler; see `cause`.',
  },
  INBOX_OVERFLOW: {
    when: 'Messages came faster than recv or messages() took them; reported, never thrown.',
    state: 'The oldest messages were dropped; the dictionary is untouched.',
    cure: 'Read faster, register a handler, or raise limits.inboxMax.',
  },
  ACTOR_FAILED: {
    when: 'An actor of this peer stopped with an error; reported in status and the error event.',
    state: 'Its connection is gone and will be redialled; other connections are untouched.',
    cure: 'This is a defect: please report it with `cause`.',
  },
  CLOSED: {
    when: 'The dictionary is closed, or closed while the call was waiting.',
    state: 'Nothing changed. Reading still works on what was there.',
    cure: 'Open a new one.',
  },
} as const satisfies Record<string, { when: string; state: string; cure: string }>

/** The stable codes of `HoldfastError`. */
export type ErrorCode = keyof typeof ERRORS

/** What an error carries beside its code; which fields are set depends on the code. */
export interface ErrorDetails {
  /** The key in question. */
  readonly key?: string | Uint8Array
  /** The peer that owns the key. */
  readonly owner?: string
  /** How long the key stays out of reach at most, as far as is known here. Milliseconds. */
  readonly remainingMs?: number
  /** The address that was dialled or bound. */
  readonly address?: string
  /** The greatest token that was seen. */
  readonly token?: number
  /** A stable word for what happened, such as `refused` or `expired`. */
  readonly reason?: string
  /** The option that was wrong. */
  readonly option?: string
  /** Where in a value the offending part is, such as `.items[3]`; or the path of a file. */
  readonly path?: string
  /** The limit that was reached. */
  readonly limit?: number
  readonly cause?: unknown
}

/**
 * The one error class. Compare `code`, never the message.
 *
 * @example
 * try { dictionary.set('door', 'open') } catch (error) {
 *   if (error instanceof HoldfastError && error.code === 'LEASE_HELD') console.log(error.owner)
 * }
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  declare readonly key?: string | Uint8Array
  declare readonly owner?: string
  declare readonly remainingMs?: number
  declare readonly address?: string
  declare readonly token?: number
  declare readonly reason?: string
  declare readonly option?: string
  declare readonly path?: string
  declare readonly limit?: number

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...fields } = details
    super(`${message} ${ERRORS[code].cure}`, cause === undefined ? undefined : { cause })
    this.name = 'HoldfastError'
    this.code = code
    Object.assign(this, fields)
  }
}
