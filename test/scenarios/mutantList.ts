/** The broken variants of the rules: what each replaces, and which promise it should break. */

export interface Mutant {
  readonly name: string
  /** The invariant of `semantics.md` that it breaks; the run may notice by another one. */
  readonly invariant: string
  /**
   * The test file that must catch it, for what random runs do not come across; else their seeds
   * are tried.
   */
  readonly scenario?: string
  /** Which random runs are tried: those about leases, or else about all. */
  readonly seeds?: 'leases'
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
const SCENARIOS = 'test/scenarios'

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
    file: `${RULES}/claim.ts`,
    sound: '  return reading.now + (remainingMs === OVER_MS ? 0 : remainingMs)\n',
    broken: '  return reading.wall - Date.UTC(2026, 0, 1) + Math.max(remainingMs, 0)\n',
  },
  {
    name: 'forget tombstones by age: deletions are collected when they are a minute old',
    invariant: 'C5',
    scenario: `${SCENARIOS}/splits.test.ts`,
    file: `${RULES}/collect.ts`,
    sound:
      '    if (!heard.every((coverage) => coverage[writer]?.covers(sequence))) continue\n' +
      '    replica.collected.set(writer, Math.max(sequence, replica.collected.get(writer) ?? 0))\n',
    // They are looked at every half a minute.
    broken:
      '    const looks = (replica.looks ??= new Map())\n' +
      '    looks.set(sequence, (looks.get(sequence) ?? 0) + 1)\n' +
      '    if (looks.get(sequence) < 2 || heard.length > 99) continue\n',
  },
  {
    name: 'deletions are collected at once, whoever heard of them',
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
    sound: '  return epoch < limit ? epoch + 1 :',
    broken: '  return epoch < limit ? Math.max(epoch, 1) :',
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
    sound: "  return seen === 'seen' ||",
    broken: "  return seen === 'seen' || claim.lineage.length > 0 ||",
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
    name: 'what came before is handed out again',
    invariant: 'M3',
    scenario: `${SCENARIOS}/messages.test.ts`,
    file: 'actors/waterfall.ts',
    sound: '    return relay.refuse(line, isDirect(board, body))\n',
    broken: '    deliver(board, parcel)\n    return relay.refuse(line, isDirect(board, body))\n',
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
  {
    name: 'dedupe by a 60 s window: what is older counts as new',
    invariant: 'M3',
    scenario: `${SCENARIOS}/messages.test.ts`,
    file: 'actors/waterfall.ts',
    sound:
      '  if (hasFallen(waterfall, origin, number)) {\n' +
      '    board.counts.broadcastsDuplicate += 1\n' +
      '    return relay.refuse(line, isDirect(board, body))\n' +
      '  }\n',
    broken:
      '  const heardAt = (waterfall.heardAt ??= new Map())\n' +
      "  const [name, now] = [origin.run + ' ' + number, board.clock.now()]\n" +
      '  const isOld = heardAt.has(name) && now - heardAt.get(name) < 60_000\n' +
      '  if (origin.run === board.self.run || isOld) return\n' +
      '  heardAt.set(name, now)\n',
  },
  {
    name: 'a peer that does not read is queued for without end',
    invariant: 'M4',
    scenario: `${SCENARIOS}/stalled.test.ts`,
    file: 'actors/line.ts',
    sound: '    if (this.isBehind || queuedBytes > this.#queueBytesMax) {\n',
    broken: '    if (this.queuedBytes > 1e12) {\n',
  },
  {
    name: 'bytes that nobody understands are passed over',
    invariant: 'M5',
    scenario: `${SCENARIOS}/stalled.test.ts`,
    file: 'actors/line.ts',
    sound: '      if (message === undefined) return this.#break(problemOf(frame))\n',
    broken: '      if (message === undefined) continue\n',
  },
  {
    name: 'bytes that nobody understands are an error of the process',
    invariant: 'M5',
    scenario: `${SCENARIOS}/stalled.test.ts`,
    file: 'actors/line.ts',
    sound: '      if (message === undefined) return this.#break(problemOf(frame))\n',
    broken: "      if (message === undefined) throw new Error('Not understood.')\n",
  },
  {
    name: 'no random neighbour is asked',
    invariant: 'C2',
    scenario: `${SCENARIOS}/healing.test.ts`,
    file: 'actors/reconcile.ts',
    sound: '        if (line) this.enqueue(line.handle)\n',
    broken: '        if (line && this.#asked < 0) this.enqueue(line.handle)\n',
  },
  {
    name: 'everything is asked for, always',
    invariant: 'cost',
    scenario: `${SCENARIOS}/antiEntropy.test.ts`,
    file: 'actors/reconcile.ts',
    sound: "length === 0 ? 'some' : 'compare')\n",
    broken: "length === 0 ? 'some' : 'all')\n",
  },
  {
    name: 'no summary: each question names every writer',
    invariant: 'cost',
    scenario: `${SCENARIOS}/antiEntropy.test.ts`,
    file: 'actors/reconcile.ts',
    sound: "length === 0 ? 'some' : 'compare')\n",
    broken: "length === 0 ? 'some' : 'some')\n",
  },
  {
    name: 'an answer goes out at once, however slowly it is read',
    invariant: 'cost',
    scenario: `${SCENARIOS}/antiEntropy.test.ts`,
    file: 'actors/answer.ts',
    sound: '    while (this.#line.queuedBytes <= this.#queueBytesMax) {\n',
    broken: '    while (this.#line.queuedBytes <= 1e12) {\n',
  },
  {
    name: 'a joiner is taken for stale, and gets everything twice',
    invariant: 'cost',
    scenario: `${SCENARIOS}/antiEntropy.test.ts`,
    file: `${RULES}/conclusion.ts`,
    sound: '  const stale = !isFresh && isStale(',
    broken: '  const stale = isStale(',
  },
  {
    name: 'tombstones stay for ever',
    invariant: 'cost',
    scenario: `${SCENARIOS}/healing.test.ts`,
    file: `${RULES}/collect.ts`,
    sound: '    drop(replica, slot)\n    collected++\n',
    broken: '    collected++\n',
  },
  {
    name: 'nobody prunes: everything goes over every link',
    invariant: 'cost',
    scenario: `${SCENARIOS}/relay.test.ts`,
    file: 'actors/relay.ts',
    sound:
      '    noteAgain(this.#tree, line.peerId as PeerId)\n' +
      "    line.say({ kind: 'tree.prune' })\n",
    broken: "    if (line.peerId === null) line.say({ kind: 'tree.prune' })\n",
  },
  {
    name: 'lazy links are silent: nobody learns of what it missed',
    invariant: 'C2',
    scenario: 'test/simulation/crowd.test.ts',
    file: `${RULES}/plumtree.ts`,
    sound: '  for (const peer of tree.lazy) {\n',
    broken: '  for (const peer of [...tree.lazy].slice(99)) {\n',
  },
  {
    name: 'nothing is grafted: what a dead neighbour would have sent is not asked for',
    invariant: 'C2',
    scenario: 'test/simulation/crowd.test.ts',
    file: `${RULES}/plumtree.ts`,
    sound: '    if (missing.dueAt > now) continue\n',
    broken: '    if (missing.dueAt > now || missing.number > 0) continue\n',
  },
  {
    name: 'nobody is let go: views grow without end',
    invariant: 'cost',
    scenario: `${SCENARIOS}/relay.test.ts`,
    file: `${RULES}/view.ts`,
    sound: '  if (others <= VIEW_MAX || neighbours.size <= VIEW_MAX) return null\n',
    broken: '  if (others <= 1e9 || neighbours.size <= VIEW_MAX) return null\n',
  },
]
