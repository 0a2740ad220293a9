/** What of a machine's configuration is told: enough to draw it, and nothing that it computes. */

/** A definition that is longer as JSON is not told; the actor then has no chart. Characters. */
export const DEFINITION_CHARACTERS_MAX = 64 * 1024

/** Fields of a configuration that may hold data of the application. */
const hidden = new Set(['context', 'input', 'output', 'meta', 'tags', 'description'])

const known = new WeakMap<object, string>()

/** The configuration as JSON, as `@statelyai/inspect` writes it: a function is its name. */
export function definitionOf(config: object): string {
  const before = known.get(config)
  if (before !== undefined) return before
  const definition = write(config)
  known.set(config, definition)
  return definition
}

/** A definition that another process sent, without what is hidden; undefined if it is none. */
export function admitDefinition(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > DEFINITION_CHARACTERS_MAX * 2) return undefined
  try {
    const config: unknown = JSON.parse(text)
    return typeof config === 'object' && config !== null ? write(config) : undefined
  } catch {
    return undefined
  }
}

function write(config: object): string {
  const id = 'id' in config && typeof config.id === 'string' ? config.id.slice(0, 100) : undefined
  try {
    const definition = JSON.stringify(config, (name, value: unknown) => {
      if (typeof value === 'function') return { type: value.name }
      return hidden.has(name) ? undefined : value
    })
    if (definition.length <= DEFINITION_CHARACTERS_MAX) return definition
  } catch {
    // It has a cycle, or an accessor that throws.
  }
  return JSON.stringify({ id })
}
