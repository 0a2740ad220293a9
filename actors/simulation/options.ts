import type { InspectionEvent } from 'xstate'
import { HoldfastError } from '../../machines/rules/errors.ts'
import type { PeerClock } from '../../transport/peerClock.ts'
import type { Dictionary } from '../dictionary.ts'
import type { DictionaryOptions } from '../settings.ts'

export interface SimulationOptions {
  /** Where all chance comes from. Default 1. */
  readonly seed?: number
  /**
   * The peers' names, or how many there are. Each listens at `sim://name` and joins all others.
   * Default 2.
   */
  readonly peers?: readonly string[] | number
  /**
   * The shortest and longest latency of a packet, in milliseconds, or one for all. Default 1 to 10.
   */
  readonly latency?: number | readonly [number, number]
  /** Which share of packets is lost, and so delayed by 200 ms or more. 0 (the default) to 1. */
  readonly loss?: number
  /** Which share of broadcasts a peer reads twice, up to 3 minutes apart. 0 (the default) to 1. */
  readonly duplicate?: number
  /**
   * Which share of broadcasts a peer reads late, up to a second, behind later ones. 0 (the default)
   * to 1.
   */
  readonly reorder?: number
  /** Options of every dictionary, such as `leaseMs`. */
  readonly options?: Partial<DictionaryOptions>
  /**
   * Called when a peer was started or restarted, for instance to run one's own program on it.
   * Timers of that program belong on the peer's clock.
   */
  readonly onStart?: (dictionary: Dictionary, name: string, clock: PeerClock) => void
  /** Gets a line for each frame that is read and each fault, to compare runs. */
  readonly record?: (line: string) => void
  /** Passed to every actor system. */
  readonly inspect?: (event: InspectionEvent) => void
}

const NAMES: ReadonlySet<string> = new Set<keyof SimulationOptions>([
  'seed',
  'peers',
  'latency',
  'loss',
  'duplicate',
  'reorder',
  'options',
  'onStart',
  'record',
  'inspect',
])

/** Throws `OPTION_UNKNOWN` or `OPTION_INVALID`: a misspelt fault would be none. */
export function requireOptions(options: SimulationOptions): void {
  for (const name of Object.keys(options)) {
    if (NAMES.has(name)) continue
    throw new HoldfastError('OPTION_UNKNOWN', `There is no option '${name}'.`, { option: name })
  }
  const [shortest, longest, ...rest] = latenciesOf(options)
  const isOrdered = shortest >= 0 && longest >= shortest && rest.length === 0
  if (!isOrdered) throw invalid('latency', 'a shortest and a longest time in milliseconds')
  for (const name of ['loss', 'duplicate', 'reorder'] as const) {
    const share = options[name] ?? 0
    if (!(share >= 0 && share <= 1)) throw invalid(name, 'a share from 0 to 1')
  }
}

/** The shortest and the longest latency. */
export function latenciesOf({ latency = [1, 10] }: SimulationOptions): readonly [number, number] {
  return typeof latency === 'number' ? [latency, latency] : latency
}

function invalid(option: string, what: string): HoldfastError {
  return new HoldfastError('OPTION_INVALID', `The option '${option}' must be ${what}.`, { option })
}
