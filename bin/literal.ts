/**
 * Values as text. JSON is what people and other programs read; what it does not know is an object
 * with one member whose name begins with `$`: `{"$bytes": "aGk="}`, `$bigint`, `$date`, `$map`,
 * `$set`, `$number`. An object that looks like one of these is wrapped in `$object`. So whatever a
 * dictionary holds comes back as it was.
 */

const TAGS = ['$bytes', '$bigint', '$date', '$map', '$set', '$number', '$object']

/** The JSON of a value, on one line. */
export function writeLiteral(value: unknown): string {
  return JSON.stringify(plain(value))
}

/** The value of a JSON text. Throws a `SyntaxError`. */
export function readLiteral(text: string): unknown {
  return rich(JSON.parse(text))
}

/** A value as people want to see it: text as it is, the rest as JSON. */
export function showValue(value: unknown): string {
  return typeof value === 'string' ? value : writeLiteral(value)
}

/** A key as text. Bytes that are no text are shown as a literal. */
export function showKey(key: string | Uint8Array): string {
  return typeof key === 'string' ? key : writeLiteral(key)
}

/** What JSON can say of a value. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (typeof value === 'number') {
    const isPlain = Number.isFinite(value) && !Object.is(value, -0)
    return isPlain ? value : { $number: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (value instanceof Date) return { $date: value.getTime() }
  if (value instanceof Map) return { $map: [...value].map((pair) => pair.map(plain)) }
  if (value instanceof Set) return { $set: [...value].map(plain) }
  if (Array.isArray(value)) return value.map(plain)
  const members = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, plain(member)]),
  )
  return tagOf(members) === undefined ? members : { $object: members }
}

function rich(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(rich)
  const tag = tagOf(value)
  if (tag === undefined) return members(value)
  const content = (value as Record<string, unknown>)[tag]
  switch (tag) {
    case '$bytes':
      return new Uint8Array(Buffer.from(String(content), 'base64'))
    case '$bigint':
      return BigInt(String(content))
    case '$date':
      return new Date((content as number | null) ?? Number.NaN)
    case '$number':
      return Number(content)
    case '$map':
      return new Map(
        (content as [unknown, unknown][]).map(([key, each]) => [rich(key), rich(each)]),
      )
    case '$set':
      return new Set((content as unknown[]).map(rich))
    default:
      return members(content as object)
  }
}

/** `fromEntries` makes `__proto__` a name like any other. */
function members(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, rich(each)]))
}

function tagOf(value: object): string | undefined {
  const [name, ...others] = Object.keys(value)
  return name !== undefined && others.length === 0 && TAGS.includes(name) ? name : undefined
}
