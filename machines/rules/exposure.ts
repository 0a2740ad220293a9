/**
 * Where a dictionary may be reached, and by what means.
 *
 * On loopback the handshake is enough: who is on this machine and does not know the secret stays
 * out. On any other address everybody in between can read along, and everybody can try, so the
 * bytes must be encrypted and the secret be one that nobody can guess.
 */

/** The least that a secret must hold where strangers can try it, in bits. */
export const SECRET_BITS_MIN = 128

/** A text with fewer different characters than this is no random one. */
const CHARACTERS_MIN = 6

/** How much one character of a random text can hold at most, by the least alphabet that has it. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]*$/, 10],
  [/^([0-9a-f]*|[0-9A-F]*)$/, 16],
  [/^([a-z2-7]*|[A-Z2-7]*)$/, 32],
  [/^[\w+/=-]*$/, 64],
  [/^[\x20-\x7e]*$/, 95],
]

/** What carries the bytes of an address: see `Transport.medium`. */
export type Medium = 'plain' | 'encrypted'

export interface Reach {
  readonly address: string
  /** Whether others are let in there, or somebody is dialled. */
  readonly purpose: 'listen' | 'dial'
  readonly medium: Medium | undefined
}

export interface Protection {
  /** What the secret that was given can hold at most; undefined if none was given. */
  readonly secretBits: number | undefined
  /** Only peers that are named are let in. */
  readonly hasAllowList: boolean
  /** Plain text was asked for by name. */
  readonly isInsecure: boolean
}

/** What is lacking before an address may be used. */
export type Lack = 'encryption' | 'secret'

/** What is lacking; nothing if the address may be used. */
export function lacks(reach: Reach, protection: Protection): Lack[] {
  const { address, purpose, medium } = reach
  const { secretBits, hasAllowList, isInsecure } = protection
  if (medium === undefined || isLoopback(address)) return []
  const lacking: Lack[] = []
  // Who gives up encryption by name is left with the secret of this user, which is a strong one.
  const bits = secretBits ?? (isInsecure ? SECRET_BITS_MIN : 0)
  if (purpose === 'listen' && bits < SECRET_BITS_MIN && !hasAllowList) lacking.push('secret')
  if (medium === 'plain' && !isInsecure) lacking.push('encryption')
  return lacking
}

/** True for addresses that lead to this machine, whatever a name server says. */
export function isLoopback(address: string): boolean {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:\[([^\]]*)\]|([^:/?#]*))/i.exec(address)
  const name = (host?.[1] ?? host?.[2] ?? '').toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  if (name === 'localhost' || name === '::1') return true
  return /^127(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/.test(name)
}

/**
 * How many bits a secret can hold at most. What it does hold depends on how it was made, so this
 * finds only what is certainly too little.
 */
export function secretBitsOf(secret: string | Uint8Array): number {
  const isText = typeof secret === 'string'
  const different = new Set<string | number>(secret).size
  if (different < CHARACTERS_MIN) return 0
  if (!isText) return secret.length * 8
  const [, size] = ALPHABETS.find(([alphabet]) => alphabet.test(secret)) ?? [undefined, 256]
  return Math.floor(secret.length * Math.log2(size))
}
