/**
 * The notary: signs what this peer says, and checks that others said what is passed on as theirs.
 *
 * Entries are signed batch by batch, under a seal that proves each of them later (see
 * `rules/provenance.ts`); everything else that is broadcast is signed as the bytes that travel.
 * What is not as it should be is refused before it is merged or passed on, so whoever brings it is
 * the one that did not look.
 */

import { at, atRising, type Batch } from '../machines/rules/batch.ts'
import { enter } from '../machines/rules/cache.ts'
import { originKey } from '../machines/rules/coverage.ts'
import { gather } from '../machines/rules/gather.ts'
import type { Offence } from '../machines/rules/ingress.ts'
import type { StoredKey } from '../machines/rules/key.ts'
import type { Broadcast, DataMessage } from '../machines/rules/message.ts'
import type { Origin, PeerId } from '../machines/rules/peer.ts'
import { PUBLIC_KEY_BYTES } from '../machines/rules/proof.ts'
import {
  isSameSeal,
  joinLeaves,
  leafAt,
  type PartialSeal,
  type Proofs,
  SEALED_ENTRIES_MAX,
  type Seal,
  STAMP_BYTES,
} from '../machines/rules/provenance.ts'
import { noteReach, reachesToShow, reachOf } from '../machines/rules/reach.ts'
import { newRenewals, type RenewalWord } from '../machines/rules/renewal.ts'
import { SELF } from '../machines/rules/replica.ts'
import { namesOnlyUsed, noteEvidence } from '../machines/rules/witness.ts'
import { encode } from '../transport/codec.ts'
import { joined, latin1Of } from '../transport/credentials.ts'
import type { Credentials, Frame } from '../transport/ports.ts'
import { leavesOf, leftOf, rootOf, sealStatement, wordStatement } from '../transport/sealCodec.ts'
import { showProofs } from './evidence.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

/** How many seals that were verified are remembered, so that none is verified twice in a row. */
const SEALS_KNOWN_MAX = 1_024
/** How many peers' keys are remembered. */
const KEYS_KNOWN_MAX = 4_096

type Give = Extract<DataMessage, { kind: 'sync.give' }>
type Done = Extract<DataMessage, { kind: 'sync.done' }>
type Stated = Omit<Seal, 'stamp'>
type Leaves = Map<number, Uint8Array>

export class Notary {
  readonly #board: Switchboard
  readonly #credentials: Credentials
  readonly #seals = new Map<string, Seal>()
  readonly #keys = new Map<string, string>()

  constructor(board: Switchboard) {
    this.#board = board
    this.#credentials = board.settings.credentials
  }

  /** The frame of a broadcast of this peer, stamped. */
  frameOf(message: Broadcast): Frame {
    const { origin, number, body } = message
    if (body.kind !== 'entries') return this.#stampWord(message)
    const { from, to, batch } = body
    const seal = this.#seal(batch, { origin, number, from, to, left: leftOf(batch) })
    this.#fileOwn(batch, seal)
    return encode({ ...message, stamp: seal.stamp })
  }

  /** What is wrong with what came, if anything. What proves it stays with the parcel. */
  judge(parcel: Parcel): Offence | undefined {
    const { message } = parcel
    if (message.kind === 'broadcast') return this.#judgeBroadcast(parcel, message)
    if (message.kind === 'sync.give') return this.#judgeGive(parcel, message)
    if (message.kind === 'sync.same') return this.#judgeRenewals(message.renewals)
    if (message.kind !== 'sync.done') return undefined
    return this.#judgeRenewals(message.renewals) ?? this.#judgeReaches(message)
  }

  /** Keeps with the entries that were merged what proves them. */
  file(batch: Batch, { evidence }: Parcel): void {
    if (evidence === undefined) return
    for (const seal of evidence.seals) this.#noteReach(seal)
    noteEvidence(this.#board.replica, { batch, evidence }, (slot) => this.#leafOf(slot))
  }

  /** What proves a batch of the table's entries to who asked for them. */
  prove(batch: Batch): Proofs {
    return showProofs(this.#board.replica, batch, (own) => this.#sealOwn(own))
  }

  #stampWord(message: Broadcast): Frame {
    const frame = encode({ ...message, stamp: new Uint8Array(STAMP_BYTES) })
    const stamp = this.#stamp(wordStatement(this.#network, frame))
    frame.set(stamp, frame.length - STAMP_BYTES)
    if (message.body.kind === 'renewal') this.#fileRenewal(message.number, stamp)
    return frame
  }

  /** Others will tell of this renewal to those who missed it. */
  #fileRenewal(number: number, stamp: Uint8Array): void {
    const { renewals } = this.#board.replica
    const own = renewals.get(SELF)
    if (own !== undefined) renewals.set(SELF, { ...own, proof: [number, stamp] })
  }

  /** The word of another that somebody renewed extends a lease, so it is proven by who renewed. */
  #judgeRenewals(words: readonly RenewalWord[]): Offence | undefined {
    for (const word of newRenewals(this.#board.replica, words)) {
      const [peer, run, renewal, through, , number, stamp] = word
      if (number === undefined || stamp === undefined) return 'not-proven'
      const body = { kind: 'renewal', number: renewal, through } as const
      const frame = encode({ kind: 'broadcast', origin: { peer, run }, number, body, stamp })
      const statement = wordStatement(this.#network, frame)
      if (!this.#isStamped(peer, statement, stamp)) return 'not-proven'
    }
    return undefined
  }

  /** Who tells how far others are heard shows that they have written so far. */
  #judgeReaches({ coverage, collected, reaches = [] }: Done): Offence | undefined {
    const shown = { told: [coverage, collected], words: reaches }
    for (const word of reachesToShow(this.#board.replica, shown).values()) {
      if (word === null) return 'not-proven'
      const statement = sealStatement(this.#network, { ...word, origin: word })
      if (!this.#isStamped(word.peer, statement, word.stamp)) return 'not-proven'
    }
    return undefined
  }

  #noteReach(seal: Seal): void {
    const { replica } = this.#board
    const writer = replica.originIndex.get(originKey(seal.origin))
    if (writer === undefined || seal.to <= reachOf(replica, writer)) return
    const { origin: _, leaves, ...told } = seal
    noteReach(replica, writer, { ...told, root: rootOf(leaves) })
  }

  /** Own entries that are given before they were broadcast, or whose seals are many. */
  #sealOwn(batch: Batch): void {
    const left = new Uint8Array(0)
    const origin = this.#board.self
    this.#fileOwn(batch, this.#seal(batch, { origin, number: 0, from: 0, to: 0, left }))
  }

  #seal(batch: Batch, told: Omit<Stated, 'leaves'>): Seal {
    const stated = { ...told, leaves: leavesOf(batch) }
    return { ...stated, stamp: this.#stamp(this.#statementOf(stated)) }
  }

  #fileOwn(batch: Batch, seal: Seal): void {
    const { table, provenance } = this.#board.replica
    this.#noteReach(seal)
    for (let row = 0; row < batch.keys.length; row++) {
      const slot = table.find(batch.keys[row] as StoredKey)
      const sequence = atRising(batch.sequence, row)
      if (table.writer[slot] !== SELF || table.sequence[slot] !== sequence) continue
      provenance?.note(slot, { seal, row, sequence })
    }
  }

  #judgeBroadcast(parcel: Parcel, message: Broadcast): Offence | undefined {
    const { origin, number, body, stamp } = message
    if (stamp === undefined) return 'not-signed'
    if (body.kind !== 'entries') {
      const statement = wordStatement(this.#network, parcel.frame)
      return this.#isStamped(origin.peer, statement, stamp) ? undefined : 'not-signed'
    }
    const { from, to, batch } = body
    if (batch.keys.length > SEALED_ENTRIES_MAX || !namesOnlyUsed(batch)) return 'not-signed'
    const stated = { origin, number, from, to, left: leftOf(batch), leaves: leavesOf(batch) }
    if (!this.#isSealed(stated, stamp)) return 'not-signed'
    parcel.evidence = { seals: [{ ...stated, stamp }], seal: 0, row: 0 }
    return undefined
  }

  #judgeGive(parcel: Parcel, { batch, proofs }: Give): Offence | undefined {
    if (proofs === undefined || !namesOnlyUsed(batch)) return 'not-proven'
    const shown = sortLeaves(batch, proofs)
    if (shown === undefined) return 'not-proven'
    const seals: Seal[] = []
    for (const [index, partial] of proofs.seals.entries()) {
      const origin = batch.origins[partial.writer] as Origin
      const seal = this.#verify(partial, origin, shown[index] as Leaves)
      if (seal === undefined) return 'not-proven'
      seals.push(seal)
    }
    parcel.evidence = { seals, seal: proofs.seal, row: proofs.row }
    return undefined
  }

  /** The whole seal, if it is the writer's and these are its leaves. */
  #verify(partial: PartialSeal, origin: Origin, shown: Leaves): Seal | undefined {
    const leaves = joinLeaves(partial.rows, { shown, missing: partial.missing })
    if (leaves === undefined) return undefined
    const { number, from, to, left, stamp } = partial
    const seal = { origin, number, from, to, left, leaves, stamp }
    const name = latin1Of(stamp)
    const known = this.#seals.get(name)
    if (known !== undefined && isSameSeal(known, seal)) return known
    if (!this.#isSealed(seal, stamp)) return undefined
    enter(this.#seals, name, { item: seal, most: SEALS_KNOWN_MAX })
    return seal
  }

  #isSealed(stated: Stated, stamp: Uint8Array): boolean {
    return this.#isStamped(stated.origin.peer, this.#statementOf(stated), stamp)
  }

  #statementOf(stated: Stated): Uint8Array {
    return sealStatement(this.#network, { ...stated, root: rootOf(stated.leaves) })
  }

  #isStamped(peer: PeerId, bytes: Uint8Array, stamp: Uint8Array): boolean {
    const publicKey = stamp.subarray(0, PUBLIC_KEY_BYTES)
    const signature = stamp.subarray(PUBLIC_KEY_BYTES)
    if (!this.#isKeyOf(publicKey, peer)) return false
    return this.#credentials.verify({ publicKey, purpose: 'batch', bytes, signature })
  }

  #isKeyOf(publicKey: Uint8Array, peer: PeerId): boolean {
    const name = latin1Of(publicKey)
    if (this.#keys.get(peer) === name) return true
    if (!this.#credentials.isKeyOf(publicKey, peer)) return false
    enter(this.#keys, peer, { item: name, most: KEYS_KNOWN_MAX })
    return true
  }

  #stamp(bytes: Uint8Array): Uint8Array {
    const { publicKey } = this.#credentials
    return joined(publicKey, this.#credentials.sign('batch', bytes))
  }

  #leafOf(slot: number): Uint8Array {
    return leavesOf(gather(this.#board.replica, [slot], this.#board.read()))
  }

  get #network(): string {
    return this.#board.settings.network
  }
}

/** The leaves of the rows that are here, by their seals; undefined if a row is not its writer's. */
function sortLeaves(batch: Batch, proofs: Proofs): Leaves[] | undefined {
  const leaves = leavesOf(batch)
  const shown = proofs.seals.map((): Leaves => new Map())
  for (let row = 0; row < batch.keys.length; row++) {
    const index = at(proofs.seal, row)
    const under = shown[index]
    const sealRow = atRising(proofs.row, row)
    const isWriters = proofs.seals[index]?.writer === at(batch.writer, row)
    if (under === undefined || !isWriters || under.has(sealRow)) return undefined
    under.set(sealRow, leafAt(leaves, row))
  }
  return shown
}
