/** What peers tell of themselves and of others, as it travels. See `codec.ts`. */

import { MEMBERS_MAX, type MemberWord } from '../machines/rules/census.ts'
import { isCoverageList } from '../machines/rules/coverage.ts'
import { PEERS_TOLD_MAX } from '../machines/rules/hearsay.ts'
import { areLacks } from '../machines/rules/lacking.ts'
import type { BroadcastBody, Message, PeerAddresses } from '../machines/rules/message.ts'
import { isId, type PeerId } from '../machines/rules/peer.ts'
import { areAddresses } from './controlCodec.ts'

export function readPeers(flat: unknown[]): Message | undefined {
  const [, list] = flat
  if (flat.length !== 2 || !Array.isArray(list) || list.length > PEERS_TOLD_MAX) return undefined
  const peers: PeerAddresses[] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 2) return undefined
    const [peerId, addresses] = item
    if (!isId(peerId) || !areAddresses(addresses)) return undefined
    peers.push({ peerId: peerId as PeerId, addresses })
  }
  return { kind: 'peers.tell', peers }
}

export function readPresence(flat: unknown[]): BroadcastBody | undefined {
  const [, addresses, coverage, members, lacks] = flat
  if (flat.length !== 5 || !areAddresses(addresses) || !isCoverageList(coverage)) return undefined
  if (!Array.isArray(members) || members.length > MEMBERS_MAX) return undefined
  if (!members.every(isMemberWord) || !areLacks(lacks)) return undefined
  return { kind: 'presence', presence: { addresses, coverage, members, lacks } }
}

function isMemberWord(word: unknown): word is MemberWord {
  if (!Array.isArray(word) || word.length !== 3 || !isId(word[0]) || !isId(word[1])) return false
  return Number.isFinite(word[2]) && word[2] >= 0
}
