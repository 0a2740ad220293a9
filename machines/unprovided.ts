/**
 * A machine here is a definition: its effects are holes that `actors/` fills under the same names.
 * One that was left open says so by name instead of doing nothing.
 */
export function unprovided(name: string) {
  return (): never => {
    throw new Error(`provide '${name}'`)
  }
}
