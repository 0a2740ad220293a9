/**
 * The broken variants of ephemeral values: each breaks one rule in a copy of the rules, and the
 * tests of `ephemeral.test.ts` have to fail there.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const mutants = suite('rules/ephemeral: broken variants')

const RULES = 'machines/rules'
const TEST = 'test/rules/ephemeral.test.ts'
const ROOMS = ['machines', 'transport', 'test/rules', 'tsconfig.json', 'package.json']

/** What is broken, in which file, and the text that is replaced by another. */
const MUTANTS: readonly (readonly [name: string, file: string, sound: string, broken: string])[] = [
  [
    'a trace wins over who took the key at the same moment',
    'grant.ts',
    '+ (isEphemeral ? 1 : 0)',
    '+ (isEphemeral ? 0 : 0)',
  ],
  [
    'what lapsed while it could not be heard is over at once',
    'ephemeral.ts',
    'else if (moment.isCurrent || isMine(replica, slot)) end',
    'else if (moment.isCurrent || slot >= 0) end',
  ],
  [
    'another peer writes down the end though it may not take over',
    'ephemeral.ts',
    "return typeof judgeWrite(replica, slot, reading) === 'number' ? epoch + 1 : undefined",
    'return judgeWrite(replica, slot, reading) ? epoch + 1 : undefined',
  ],
  [
    'others do not leave the trace to the owner',
    'ephemeral.ts',
    'return isMine(replica, slot) ? reading.now : reading.now + traceMs',
    'return isMine(replica, slot) || traceMs > 0 ? reading.now : 0',
  ],
  [
    'the owner writes it down under a new token',
    'ephemeral.ts',
    '  if (isMine(replica, slot)) return epoch\n',
    '',
  ],
  [
    'a late joiner is shown what is over',
    'merge.ts',
    '  if (isOverOnArrival(replica, slot, reading)) table',
    '  if (isOverOnArrival(replica, slot, reading) && slot < 0) table',
  ],
  [
    'the trace tells a delete besides',
    'change.ts',
    '    hadValue: table.shows(slot),\n',
    '    hadValue: table.hasValue(slot),\n',
  ],
  ['what came to its end is told as a conflict', 'loss.ts', '!table.shows(slot)\n', 'slot < 0\n'],
  [
    'whoever takes the key over gets the value',
    'ephemeral.ts',
    '  if (!isEphemeral || table.gone.has(slot)) return isEphemeral\n',
    '  if (!isEphemeral || table.gone.has(slot)) return false\n',
  ],
  [
    'who steals the lease gets the value',
    'ephemeral.ts',
    '  return table.epoch[slot] !== epoch && !heirs.has(slot)\n',
    '  return table.epoch[slot] !== epoch && heirs.has(slot)\n',
  ],
  [
    'it does not go along with a lease that is handed over',
    'ephemeral.ts',
    '  return table.epoch[slot] !== epoch && !heirs.has(slot)\n',
    '  return table.epoch[slot] !== epoch\n',
  ],
  [
    'no renewal brings it back',
    'ephemeral.ts',
    'isMine(replica, slot) || foreignLapseAt(replica, slot) <= now) continue\n',
    'slot >= 0) continue\n',
  ],
  [
    'a goodbye does not end it',
    'merge.ts',
    '  if (table.lapsing.has(slot)) table.lapsing.set(slot, Number.NEGATIVE_INFINITY)\n',
    '',
  ],
  [
    'a wall clock that steps is not noticed',
    'ephemeral.ts',
    '  if (stepMs < 0) return\n',
    '  return\n',
  ],
]

const folder = mkdtempSync(join(tmpdir(), 'holdfast-ephemeral-'))
mutants.before(() => {
  for (const room of ROOMS) cpSync(room, join(folder, room), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
})
mutants.after(() => rmSync(folder, { recursive: true, force: true }))

/** What the tests say in the copy. */
function run(): { status: number | null; text: string } {
  const how = { cwd: folder, encoding: 'utf8', timeout: 60_000 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', TEST], how)
  return { status, text: stdout + stderr }
}

mutants('the copy is sound as it is', () => {
  const { status, text } = run()
  assert.is(status, 0, text)
})

for (const [name, file, sound, broken] of MUTANTS) {
  mutants(`${name}: caught`, () => {
    const path = join(folder, RULES, file)
    const source = readFileSync(path, 'utf8')
    assert.is(source.split(sound).length, 2, `'${sound}' stands in ${file} once`)
    writeFileSync(path, source.replace(sound, broken))
    const { status, text } = run()
    writeFileSync(path, source)
    assert.is(status, 1)
    // A variant that does not even run shows nothing.
    assert.match(text, /FAIL .*rules\/ephemeral/)
    assert.not.match(text, /is not defined|is not a function|SyntaxError/)
  })
}

mutants.run()
