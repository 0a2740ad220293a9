/** The broken variants of the rules: what each replaces, and which promise it should break. */

export interface Mutant {
  readonly name: string
  /** The invariant of `semantics.md` that it breaks; the run may notice by another one. */
  readonly invariant: string
  readonly file: string
  /** The sound text, which must stand in the file exactly once. */
  readonly sound: string
  readonly broken: string
}

/** The source with the mutant's text in place of the sound one. */
export function mutate(source: string, { name, sound, broken }: Mutant): string {
  const parts = source.split(sound)
  if (parts.length !== 2) {
    throw new Error(`'${name}' fits ${parts.length - 1} places; it must fit exactly one.`)
  }
  return parts.join(broken)
}

const RULES = 'machines/rules'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'merge by arrival: whatever comes last is kept',
    invariant: 'C1',
    file: `${RULES}/merge.ts`,
    sound: '  if (order > 0) {\n',
    broken: '  if (order !== 0) {\n',
  },
  {
    name: 'keep-first on conflict: of two concurrent grants each peer keeps its own',
    invariant: 'C3',
    file: `${RULES}/merge.ts`,
    sound: '  if (claim.writer === writer) return claim.sequence - sequence\n',
    broken: '  return claim.writer === writer ? claim.sequence - sequence : -1\n',
  },
  {
    name: 'lease by wall clock: others count a lease by the date',
    invariant: 'C4',
    file: `${RULES}/merge.ts`,
    sound: ' : reading.now + claim.remainingMs\n  table.unsent',
    broken: ' : reading.wall - Date.UTC(2026, 0, 1) + claim.remainingMs\n  table.unsent',
  },
  {
    name: 'forget tombstones by age: deletions are collected though not everybody heard of them',
    invariant: 'C5',
    file: `${RULES}/collect.ts`,
    sound:
      '    if (!heard.every((coverage) => coverage[writer]?.covers(sequence))) continue\n' +
      '    replica.collected.set(writer, Math.max(sequence, replica.collected.get(writer) ?? 0))\n',
    broken: '    if (heard.length > 99 || writer > 1e9 || sequence < 0) continue\n',
  },
  {
    name: 'a takeover keeps the token',
    invariant: 'C6',
    file: `${RULES}/grant.ts`,
    sound: '  return tokenAbove(Math.max(replica.table.epoch[slot] as number, floor))\n',
    broken: '  return Math.max(replica.table.epoch[slot] as number, floor, 1)\n',
  },
  {
    name: 'older versions replace newer ones of another writer',
    invariant: 'C7',
    file: `${RULES}/merge.ts`,
    sound: '  if (claim.epoch !== epoch) return claim.epoch - epoch\n',
    broken:
      '  if (claim.epoch !== epoch) return claim.writer === writer ? claim.epoch - epoch : 1\n',
  },
  {
    name: 'a lost write is told to nobody',
    invariant: 'C8',
    file: `${RULES}/loss.ts`,
    sound: "  if (!isSeen) tellConflict(replica, slot, { claim, reason: 'concurrent' })\n",
    broken: '  if (!isSeen && claim.epoch < 0) return\n',
  },
  {
    name: 'no lineage: two grants later nobody knows who built upon what',
    invariant: 'C8',
    file: `${RULES}/loss.ts`,
    sound: "  const isSeen = seen === 'seen' ||",
    broken: "  const isSeen = seen === 'seen' || claim.lineage.length > 0 ||",
  },
  {
    name: 'others do not wait long: a lease is taken before its owner gave up',
    invariant: 'L1',
    file: `${RULES}/lease.ts`,
    sound: '  return lapseAt + termMs * DRIFT + marginMs(termMs)\n',
    broken: '  return lapseAt - termMs * DRIFT - 2 * marginMs(termMs)\n',
  },
  {
    name: 'the owner believes its monotonic clock alone',
    invariant: 'L2',
    file: `${RULES}/replica.ts`,
    sound: '  return Math.min(byMonotonic, byWall)\n',
    broken: '  return byWall > Number.MAX_VALUE ? byWall : byMonotonic\n',
  },
  {
    name: 'duplicate connections stay open',
    invariant: 'M1',
    file: `${RULES}/arbiter.ts`,
    sound: "  const commands = duplicates.map((each) => close(each, 'duplicate'))\n",
    broken: "  const commands = duplicates.slice(99).map((each) => close(each, 'duplicate'))\n",
  },
  {
    name: 'nobody is dialled a second time',
    invariant: 'M2',
    file: `${RULES}/dialling.ts`,
    sound: '  const nextDialAt = now + backoffMs({ attempt: entry.attempts, random })\n',
    broken:
      '  const isAgain = entry.nextDialAt > 0\n' +
      '  const waitMs = backoffMs({ attempt: entry.attempts, random })\n' +
      '  const nextDialAt = isAgain ? 1e12 : now + waitMs\n',
  },
  {
    name: 'the waterfall remembers the last broadcast only',
    invariant: 'M3',
    file: `${RULES}/waterfall.ts`,
    sound: '  if (coverage?.covers(number)) return false\n',
    broken: '  if (coverage?.upTo === number) return false\n',
  },
  {
    name: 'what a neighbour answers is not taken in',
    invariant: 'C2',
    file: 'actors/reconcile.ts',
    sound: "    this.#board.store.send({ type: 'batch.given', parcel })\n",
    broken:
      '    if (parcel.frame.length === 0) {\n' +
      "      this.#board.store.send({ type: 'batch.given', parcel })\n" +
      '    }\n',
  },
]
