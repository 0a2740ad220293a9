/** What a replica runs: the raw limit, holdfast, or another. All are driven in the same way. */

export interface Sent {
  readonly frames: number
  readonly bytes: number
}

export interface System {
  /** Starts to listen. Resolves with an address that `connect` takes. */
  open(name: string): Promise<string>
  connect(address: string): Promise<void>
  /** Opens a wire and says nothing on it. Resolves with how long that took, in milliseconds. */
  knock?(address: string): Promise<number>
  /** Ends every connection. */
  part(): Promise<void>
  /** To how many others it is connected. */
  readonly neighbours: number
  readonly size: number
  get(key: string): unknown
  set(key: string, value: string): void
  update(pairs: readonly Pair[]): void
  /** Resolves when so little waits to be sent that more may be written. */
  room(): Promise<void>
  /** What was handed to the network since the start. */
  readonly sent: Sent
  /** Is called after each time that something came in. */
  onArrival: () => void
}

export type Pair = readonly [key: string, value: string]

/** How many bytes a value has. */
export const VALUE_BYTES = 100

/** Key and value as the least that MessagePack needs for them, in bytes. */
export const PAIR_BYTES = 8 + 2 + VALUE_BYTES

/** Pairs of different keys and values, all of one size, in one round different from another. */
export function pairsOf({ keys, round = 0 }: { keys: number; round?: number }): Pair[] {
  return Array.from({ length: keys }, (_, number) => [keyOf(number), textOf(number, round)])
}

export function keyOf(number: number): string {
  return flat(`k${String(number).padStart(6, '0')}`)
}

export function textOf(number: number, round: number): string {
  return flat(`${round}:${number} ${'abcdefghij'.repeat(10)}`.slice(0, VALUE_BYTES))
}

/** The same text in one piece, so that nobody pays for joining its parts later. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
