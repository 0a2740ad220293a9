/** What the store may be told: writes that ask for a verdict, and what came from other peers. */

import type { CoverageList } from '../machines/rules/coverage.ts'
import type { LeaseEnd } from '../machines/rules/fact.ts'
import type { acquire, bequeath, release, renew } from '../machines/rules/holding.ts'
import type { StoredKey } from '../machines/rules/key.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import type { Origin, PeerId } from '../machines/rules/peer.ts'
import type { Tenure } from '../machines/rules/proposer.ts'
import type { Waits } from '../machines/rules/queue.ts'
import type { Holding } from '../machines/rules/reconcile.ts'
import type { Renewal, RenewalProof } from '../machines/rules/renewal.ts'
import type { update } from '../machines/rules/update.ts'
import type {
  Assignment,
  Receipt,
  remove,
  removeAny,
  set,
  Verdict,
} from '../machines/rules/write.ts'
import type { Parcel } from './switchboard.ts'

interface Asked<Done> {
  /** Hears the verdict before `send` returns. Without it a refusal is told as `entry.refused`. */
  readonly reply?: ((verdict: Verdict<Done>) => void) | undefined
  /** True if the asker was told meanwhile that it cannot be decided. */
  readonly isWithdrawn?: boolean
  /** The term to ask for, in milliseconds. */
  readonly leaseMs?: number | undefined
  /** The token under which the writer believes to write. */
  readonly token?: number | undefined
  /** What the lease is to be, in the flags of `batch.ts`. */
  readonly kind?: number | undefined
}

type Done<Rule extends (...input: never[]) => Verdict<unknown>> =
  ReturnType<Rule> extends Verdict<infer Result> ? Result : never

/** What the voters decided. */
type TenureEvent =
  | {
      readonly type: 'tenure.install'
      readonly key: StoredKey
      readonly tenure: Tenure
      readonly kind: number | undefined
      readonly reply: (verdict: Verdict<Receipt>) => void
    }
  | { readonly type: 'tenure.extend'; readonly key: StoredKey; readonly tenure: Tenure }
  | {
      readonly type: 'tenure.forfeit'
      readonly key: StoredKey
      readonly token: number
      readonly reason: LeaseEnd
    }

/** What may be asked of the store, checked and in stored form. */
export type WriteEvent =
  | ({ readonly type: 'entry.set' } & Assignment & Asked<Done<typeof set>>)
  | ({ readonly type: 'entry.update'; readonly assignments: readonly Assignment[] } & Asked<
      Done<typeof update>
    >)
  | ({ readonly type: 'entry.delete'; readonly key: StoredKey } & Asked<Done<typeof remove>>)
  | ({ readonly type: 'entry.popItem' } & Asked<Done<typeof removeAny>>)
  | ({
      readonly type: 'lease.acquire'
      readonly key: StoredKey
      /** The number of the waiter that asks, if it stands in line. */
      readonly waiter?: number | undefined
      /** True if it has waited for its turn. */
      readonly isTurn?: boolean
    } & Asked<Done<typeof acquire>>)
  | ({ readonly type: 'lease.renew'; readonly key: StoredKey } & Asked<Done<typeof renew>>)
  | ({ readonly type: 'lease.release'; readonly key: StoredKey } & Asked<Done<typeof release>>)
  | ({ readonly type: 'lease.transfer'; readonly key: StoredKey; readonly heir: PeerId } & Asked<
      Done<typeof bequeath>
    >)

export type StoreEvent =
  | WriteEvent
  | TenureEvent
  | { readonly type: 'lease.lapse'; readonly key: StoredKey; readonly token: number }
  /** Tells the changes of a key's lease from now on, or no more. */
  | { readonly type: 'lease.watch' | 'lease.unwatch'; readonly key: StoredKey }
  | { readonly type: 'batch.received'; readonly origin: Origin; readonly parcel: Parcel }
  | { readonly type: 'batch.given'; readonly parcel: Parcel }
  | {
      readonly type: 'sync.settled'
      readonly done: Extract<DataMessage, { kind: 'sync.done' }>
      /** How far this peer had heard when it asked. */
      readonly told: CoverageList
      /** True if it had nothing of others then. */
      readonly isFresh: boolean
      /** True if everything was compared. */
      readonly isAll: boolean
      /** What the other side holds, if it has heard the same. */
      readonly holding: Holding | undefined
      /** Hears whether everything must be compared. */
      readonly reply: (isMoreNeeded: boolean) => void
    }
  /** The comparison that was under way was given up. */
  | { readonly type: 'comparison.ended' }
  /** Every member has heard as far as this. */
  | { readonly type: 'tombstones.collect'; readonly members: readonly CoverageList[] }
  | { readonly type: 'origin.left'; readonly origin: Origin }
  | { readonly type: 'peers.counted'; readonly known: number; readonly connected: number }
  /** Whether there is anybody to send to who was asked first. */
  | {
      readonly type: 'network.reached'
      readonly isReached: boolean
      /** True if all neighbours have told what they know. */
      readonly isCurrent: boolean
    }
  /** It is time to renew leases, or to tell all own waits again. */
  | { readonly type: 'reminder.due' }
  /** Another peer renewed its leases. */
  | {
      readonly type: 'renewal.heard'
      readonly origin: Origin
      readonly renewal: Renewal
      readonly proof: RenewalProof | undefined
    }
  /** There may be something to do about ephemeral values. */
  | { readonly type: 'deadline.passed' }
  /** A waiter of this peer stands in line for a key, or does not wait any more. */
  | {
      readonly type: 'lease.wait' | 'lease.unwait'
      readonly key: StoredKey
      readonly waiter: number
    }
  /** Another peer told for which keys it waits. */
  | { readonly type: 'waits.heard'; readonly peer: PeerId; readonly waits: Waits }
  /** Another peer is out of reach. */
  | { readonly type: 'member.lost'; readonly peer: PeerId }
  | { readonly type: 'store.flush' }
  /** This peer leaves; with `keepsLeases` others are to wait until its leases lapse. */
  | { readonly type: 'store.close'; readonly keepsLeases: boolean }
