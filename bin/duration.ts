/** Durations as people write them: `500`, `500ms`, `30s`, `5m`, `2h`, `1d`. */

import { EXIT, Failure } from './exit.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** The milliseconds of a duration that was given for an option. A bare number counts them. */
export function readDuration(
  option: string,
  given: string | number,
  limits: { min: number; max: number },
) {
  const text = String(given)
  const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|[smhd])?$/.exec(text) ?? []
  if (digits === undefined) {
    const advice = 'Write milliseconds, or a number with a unit: 500ms, 30s, 5m, 2h, 1d.'
    throw new Failure(EXIT.usage, `--${option} '${text}' is no duration. ${advice}`)
  }
  const ms = Number(digits) * (UNITS_MS[unit] as number)
  if (ms >= limits.min && ms <= limits.max) return ms
  const range = `${showDuration(limits.min)} to ${showDuration(limits.max)}`
  throw new Failure(EXIT.usage, `--${option} must be ${range}, and is ${text}.`)
}

/** What is left, as it counts down: `58s`, `59:58`, `23:59:58`, `3d 4h`. */
export function showCountdown(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600)]
  if (seconds < 60) return `${seconds}s`
  if (days > 0) return `${days}d ${hours % 24}h`
  const two = (number: number) => String(number % 60).padStart(2, '0')
  const [minutes, rest] = [Math.floor(seconds / 60), two(seconds)]
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** A duration in the largest unit that leaves at least one of it. */
export function showDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((each) => ms >= (UNITS_MS[each] as number)) ?? 'ms'
  return `${Math.round((ms / (UNITS_MS[unit] as number)) * 10) / 10}${unit}`
}
