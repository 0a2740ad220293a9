/**
 * What of an event or a context is shown. Values of the dictionary, payloads and whatever an
 * application keeps are hidden unless the user asked for them; secrets always are.
 *
 * Not by a list of what to hide: who adds a field would have to remember it. What is not named here
 * is shown by its kind alone. Keys of the dictionary and ids of peers are shown.
 */

/** Levels, fields of one object, items of one array, characters of one text, texts in all. */
const DEPTH_MAX = 5
const FIELDS_MAX = 24
const ITEMS_MAX = 12
const CHARACTERS_MAX = 160
const PARTS_MAX = 200

/** Plain facts about leases, connections and peers. */
const shownFields = new Set(
  `type kind status key keys peer peerId owner winner from by heir handle connection direction
  address addresses listening expects token epoch number sequence reason cause code state
  leaseMs lookMs waitMs waitUntil remainingMs roundTripMs delay isRenewing isStealing isReached
  isCurrent isFresh isAll isWhisper hasLeft held local known connected waiter bytes size network
  request moment count digest`.split(/\s+/),
)

/** Fields whose inside is looked into, by the same list. */
const openedFields = new Set(
  'message end event facts params command parcel origin output failure peers body reader'.split(
    ' ',
  ),
)

/** Hidden even from those who asked for values. */
const secretFields = new Set(
  `secret secrets tls proof proofs mac nonce signature privateKey passphrase password binding
  shared input settings sync self`.split(/\s+/),
)

export interface Showing {
  /** True if the user asked for values. */
  readonly values: boolean
}

/** An event as it may be shown; its type always is. */
export function showEvent(event: unknown, showing: Showing): { type: string } {
  const type = String((event as { type?: unknown } | null)?.type ?? '').slice(0, CHARACTERS_MAX)
  const shown = show(event, showing)
  return typeof shown === 'object' && shown !== null ? { ...shown, type } : { type }
}

/** An object, as far as it may be shown: small, plain and ready to be written as JSON. */
export function show(value: unknown, { values }: Showing): unknown {
  return shown(value, { values, depth: 0, isOpen: true, budget: { parts: PARTS_MAX } })
}

interface Look {
  readonly values: boolean
  readonly depth: number
  /** True if the field in which this stands may be shown. */
  readonly isOpen: boolean
  readonly budget: { parts: number }
}

function shown(value: unknown, look: Look): unknown {
  if (look.budget.parts-- <= 0) return '‹…›'
  if (value === null || value === undefined || typeof value === 'boolean') return value
  if (!look.isOpen) return kindOf(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object') return kindOf(value)
  if (look.depth >= DEPTH_MAX) return kindOf(value)
  const deeper = { ...look, depth: look.depth + 1 }
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MAX).map((item) => shown(item, deeper))
    return value.length > ITEMS_MAX ? [...items, `‹${value.length - ITEMS_MAX} more›`] : items
  }
  const plain = plainOf(value)
  return plain === undefined ? kindOf(value) : fieldsOf(plain, deeper)
}

function fieldsOf(fields: Record<string, unknown>, look: Look): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const name of Object.keys(fields).slice(0, FIELDS_MAX)) {
    if (secretFields.has(name) || name === '__proto__') continue
    const field = fields[name]
    const isObject = typeof field === 'object'
    const isShown = (!isObject || Array.isArray(field)) && shownFields.has(name)
    const isOpen = look.values || isShown || (isObject && openedFields.has(name))
    result[cut(name)] = shown(field, { ...look, isOpen })
  }
  return result
}

/** A plain object, or what something else says of itself; a class without a word stays closed. */
function plainOf(value: object): Record<string, unknown> | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON()
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  }
  if (value instanceof Error) return { code: (value as { code?: unknown }).code ?? value.name }
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || Object.getPrototypeOf(prototype as object) === null
  return isPlain ? (value as Record<string, unknown>) : undefined
}

/** What something is, without what is in it: `‹text, 12›`. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return `‹text, ${value.length}›`
  if (Array.isArray(value)) return `‹list, ${value.length}›`
  if (value instanceof Uint8Array) return `‹bytes, ${value.length}›`
  if (value instanceof Map || value instanceof Set)
    return `‹${value.constructor.name}, ${value.size}›`
  return `‹${typeof value}›`
}

export function cut(text: string, charactersMax = CHARACTERS_MAX): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
}
