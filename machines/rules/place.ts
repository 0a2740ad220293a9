/**
 * What kind of place an address leads to, as far as the address itself tells.
 *
 * A member may tell of any address, and whoever dials it speaks to what is there: a service that
 * trusts this machine, the metadata of a cloud, all hosts of a segment at once. So a place that is
 * nearer than who tells of it is not believed. A number that is written in an unusual way means one
 * place here and another one to the system, so it is none at all.
 *
 * (The ranges: RFC 6890, "Special-Purpose IP Address Registries", and RFC 4193.)
 */

/** `nowhere`: no peer can be dialled there. `name`: only a name server knows. */
export type Place = 'loopback' | 'private' | 'public' | 'name' | 'nowhere'

/** Where `scheme://host:port` leads; or `host`, where it is known what a name stands for. */
export function placeOf(address: string, host?: string): Place {
  if (host !== undefined) return placeOfHost(host)
  const rest = address.slice(address.indexOf('://') + 3)
  const bracketed = /^\[([^\]]*)\]/.exec(rest)?.[1]
  return placeOfHost(bracketed ?? /^[^:/?#]*/.exec(rest)?.[0] ?? '')
}

/** The same of a host, without brackets. */
export function placeOfHost(host: string): Place {
  const name = host.toLowerCase()
  if (name.includes(':')) return placeOfGroups(groupsOf(name))
  const bytes = bytesOf(name)
  if (bytes !== undefined) return placeOfBytes(bytes)
  const isNumber = /(^|\.)(0x[0-9a-f]*|\d+)\.?$/.test(name)
  if (name === '' || isNumber) return 'nowhere'
  return /(^|\.)localhost\.?$/.test(name) ? 'loopback' : 'name'
}

/** The port of an address, if it names one. */
export function portOf(address: string): number | undefined {
  const port = /^[^:]*:\/\/(?:\[[^\]]*\]|[^:/?#]*):(\d+)/.exec(address)?.[1]
  return port === undefined ? undefined : Number(port)
}

/** True if who is at `teller` may make others dial what is at `told`. */
export function mayTell({ told, teller }: { told: Place; teller: Place }): boolean {
  switch (told) {
    case 'nowhere':
      return false
    case 'loopback':
      return teller === 'loopback'
    case 'private':
      return teller === 'loopback' || teller === 'private'
    default:
      return true
  }
}

/** The place that is farthest from this machine; loopback if there is none. */
export function farthest(places: readonly Place[]): Place {
  const order: readonly Place[] = ['loopback', 'private', 'public', 'name']
  return places.reduce(
    (far, each) => (order.indexOf(each) > order.indexOf(far) ? each : far),
    'loopback',
  )
}

function placeOfBytes([first, second]: readonly number[]): Place {
  const [a = 0, b = 0] = [first, second]
  if (a === 127) return 'loopback'
  // This network, link-local, and from multicast up to broadcast.
  if (a === 0 || a >= 224 || (a === 169 && b === 254)) return 'nowhere'
  const isShared = a === 100 && b >= 64 && b < 128
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)
  return isPrivate || isShared ? 'private' : 'public'
}

function placeOfGroups(groups: readonly number[] | undefined): Place {
  if (groups === undefined) return 'nowhere'
  const [first = 0, second = 0, , , , sixth = 0, seventh = 0, eighth = 0] = groups
  const inner = placeOfBytes([seventh >> 8, seventh & 255])
  if (groups.slice(0, 5).every((group) => group === 0)) {
    if (sixth === 0xffff) return inner
    return sixth === 0 && seventh === 0 && eighth === 1 ? 'loopback' : 'nowhere'
  }
  // What is behind a translator is not nearer than the translator.
  if (first === 0x64 && second === 0xff9b) return inner === 'public' ? 'public' : 'nowhere'
  if (first === 0x2002) {
    return placeOfBytes([second >> 8, second & 255]) === 'public' ? 'public' : 'nowhere'
  }
  // Link-local, what was site-local once, and multicast.
  if (first >= 0xfe80) return 'nowhere'
  return first >= 0xfc00 && first < 0xfe00 ? 'private' : 'public'
}

/** The four bytes of an IPv4 address in its usual form. */
function bytesOf(text: string): number[] | undefined {
  if (!/^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/.test(text)) {
    return undefined
  }
  return text.split('.').map(Number)
}

/** The eight groups of an IPv6 address. */
function groupsOf(text: string): number[] | undefined {
  const [bare = ''] = text.split('%')
  const dotted = bytesOf(bare.slice(bare.lastIndexOf(':') + 1))
  const [a = 0, b = 0, c = 0, d = 0] = dotted ?? []
  const tail = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(':')
  const plain = dotted ? bare.slice(0, bare.lastIndexOf(':') + 1) + tail : bare
  const halves = plain.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], rest] = halves
  const missing = 8 - head.length - (rest?.length ?? 0)
  if (halves.length > 2 || (rest === undefined ? missing !== 0 : missing < 1)) return undefined
  const all = [...head, ...Array<string>(rest ? missing : 0).fill('0'), ...(rest ?? [])]
  if (!all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined
  return all.map((group) => Number.parseInt(group, 16))
}
