import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS } from '../../bin/commands.ts'
import { showCountdown } from '../../bin/duration.ts'
import { Failure } from '../../bin/exit.ts'
import { readWords } from '../../bin/flag.ts'
import { drawGrid } from '../../bin/grid.ts'
import { readLiteral, writeLiteral } from '../../bin/literal.ts'
import { nearest } from '../../bin/nearest.ts'
import { placeOf } from '../../bin/network.ts'
import { readSettings, settingFlags } from '../../bin/settings.ts'
import { referencePage } from './reference.ts'

/** What a command line says: words, flags, settings, values, help. No process is started. */
const words = suite('words of the command line')

const FLAGS = {
  ...settingFlags('network', 'join', 'allow', 'timeout'),
  color: { value: 'WHEN', choices: ['never', 'always'], help: 'when' },
  verbose: { short: 'v', help: 'more' },
}

const read = (...line: readonly string[]) => readWords({ name: 'try', flags: FLAGS, words: line })

function fails(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).exitCode, 64)
    return (error as Failure).message
  }
  throw new Error('Nothing was refused.')
}

words('flags and words are told apart, in any order', () => {
  const given = read('door', '--join', 'a', '-v', '--join=b', 'open', '--', '--not-a-flag')
  assert.equal(given.words, ['door', 'open', '--not-a-flag'])
  assert.equal(given.list('join'), ['a', 'b'])
  assert.ok(given.has('verbose'))
  assert.is(given.text('network'), undefined)
})

words('who errs is told what would make sense', () => {
  assert.match(
    fails(() => read('--netwrok', 'a')),
    /no flag --netwrok here\. Did you mean --network\?/,
  )
  assert.match(
    fails(() => read('--zzz')),
    /no flag --zzz here\. See: holdfast try --help/,
  )
  assert.match(
    fails(() => read('--network')),
    /--network needs a value: --network NAME/,
  )
  assert.match(
    fails(() => read('--network', '--verbose')),
    /--network needs a value/,
  )
  assert.match(
    fails(() => read('--verbose=1')),
    /--verbose takes no value/,
  )
  assert.match(
    fails(() => read('--color', 'maybe')),
    /--color is never or always, not 'maybe'/,
  )
  assert.match(
    fails(() => read('-1')),
    /-1 looks like a flag\. Put -- before/,
  )
  assert.is(nearest('lss', ['ls', 'leases', 'get']), 'ls')
  assert.is(nearest('improt', ['import', 'export']), 'import')
  assert.is(nearest('quux', ['ls', 'leases', 'get']), undefined)
})

words('a flag outweighs a variable, a variable the file, and each setting goes its own way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-words-'))
  try {
    const file = { network: 'file', join: ['tcp://file:1'], timeout: '9s', peerId: 'filed' }
    writeFileSync(join(folder, 'holdfast.config.json'), JSON.stringify(file))
    const environment = { HOLDFAST_NETWORK: 'variable', HOLDFAST_JOIN: 'tcp://a:1, tcp://b:2' }
    const settings = readSettings({ given: read('--network', 'flag'), environment, folder })
    assert.equal(settings, {
      network: ['flag'],
      join: ['tcp://a:1', 'tcp://b:2'],
      timeout: ['9s'],
      peerId: ['filed'],
    })
    const empty = readSettings({ given: read(), environment: {}, folder: tmpdir() })
    assert.equal(empty, {}, 'without any of them nothing is set')
    writeFileSync(join(folder, 'other.json'), '{"network": "other"}')
    const named = { given: read('--config', 'other.json'), environment, folder }
    assert.equal(readSettings(named).network, ['variable'])
    assert.equal(readSettings({ ...named, environment: {} }), { network: ['other'] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

words('who may be connected is said like the rest, and comes to the peer', () => {
  const environment = { HOLDFAST_DENY: 'carol, dave' }
  const file = join(tmpdir(), 'no such folder')
  const settings = readSettings({ given: read('--allow', 'bob'), environment, folder: file })
  const { allow, deny } = placeOf(settings)
  assert.equal([allow, deny], [['bob'], ['carol', 'dave']])
  assert.is(placeOf({ identity: ['key'] }).identity, 'key')
  assert.equal(Object.keys(placeOf({})).sort(), ['advertise', 'join', 'listen', 'network'])
})

words('a file that makes no sense is told by its name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-words-'))
  try {
    const told = (text: string) => {
      writeFileSync(join(folder, 'a.json'), text)
      return fails(() =>
        readSettings({ given: read('--config', 'a.json'), environment: {}, folder }),
      )
    }
    assert.match(told('{'), /a\.json is no JSON/)
    assert.match(told('[]'), /must hold one object/)
    assert.match(told('{"netwrk": "a"}'), /unknown setting 'netwrk'\. Did you mean 'network'\?/)
    assert.match(told('{"join": 7}'), /must give 'join' as a list of texts/)
    const missing = { given: read('--config', 'none.json'), environment: {}, folder }
    assert.match(
      fails(() => readSettings(missing)),
      /none\.json cannot be read \(ENOENT\)/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

words('every value comes back from its literal as it was', () => {
  const value = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.string(),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
      // One that is no moment equals none.
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
    ),
    node: fc.oneof(
      { maxDepth: 3 },
      tie('leaf'),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('$map', '$object', '__proto__')),
        tie('node'),
        {
          maxKeys: 3,
          noNullPrototype: true,
        },
      ),
      fc.array(fc.tuple(tie('leaf'), tie('node')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
      fc.array(tie('leaf'), { maxLength: 3 }).map((list) => new Set(list)),
    ),
  })).node
  const seed = Math.floor(Math.random() * 1e9)
  console.log(`seed ${seed}`)
  fc.assert(
    fc.property(value, (each) => {
      // uvu's own comparison takes two keys of a map for one if they are equal.
      const back = readLiteral(writeLiteral(each))
      assert.ok(isDeepStrictEqual(back, each), inspect(back, { depth: null }))
    }),
    { seed, numRuns: 500 },
  )
  const never = readLiteral(writeLiteral(new Date(Number.NaN)))
  assert.ok(never instanceof Date && Number.isNaN(never.getTime()))
})

words('what is left reads as a clock does, and columns stand below each other', () => {
  const shown = [0, 400, 58_000, 60_000, 3_599_000, 3_600_000, 86_399_000, 90_000_000]
  assert.equal(shown.map(showCountdown), [
    '0s',
    '1s',
    '58s',
    '1:00',
    '59:59',
    '1:00:00',
    '23:59:59',
    '1d 1h',
  ])
  const rows = [
    ['日本', 'wide'],
    ['a\nb', 'no line break'],
  ]
  assert.equal(drawGrid({ heading: ['A', 'B'], rows, columnsMax: 12 }), [
    'A     B',
    '日本  wide',
    'a·b   no li…',
  ])
})

words('the completion of bash knows every command and flag', () => {
  const completion = COMMANDS.find(({ name }) => name === 'completion')
  assert.ok(completion)
  const complete = (line: readonly string[]) => {
    const script = [
      `eval "$(cat)"`,
      `COMP_WORDS=(holdfast ${line.join(' ')} ''); COMP_CWORD=${line.length + 1}`,
      '_holdfast; printf "%s " $' + '{COMPREPLY[@]}',
    ].join('\n')
    const input = scriptOf('bash')
    return execFileSync('bash', ['-c', script], { input, encoding: 'utf8' }).trim().split(' ')
  }
  const names = COMMANDS.map(({ name }) => name)
  assert.equal(complete([]).slice(3), names)
  assert.equal(complete(['help']).slice(3), names)
  for (const { name, flags } of COMMANDS.filter((each) => each !== completion)) {
    const known = [...Object.keys(flags).map((flag) => `--${flag}`), '--help']
    assert.equal(complete([name]), known, name)
  }
  assert.equal(complete(['completion']), ['bash', 'zsh', 'fish', '--help'])
})

words('the scripts for zsh and fish name every command and flag', () => {
  for (const shell of ['zsh', 'fish'] as const) {
    const script = scriptOf(shell)
    for (const { name, flags } of COMMANDS) {
      assert.ok(script.includes(name), `${shell}: ${name}`)
      for (const flag of Object.keys(flags)) {
        const written = shell === 'zsh' ? `--${flag}` : `-l ${flag}`
        assert.ok(script.includes(written), `${shell}: ${name} ${flag}`)
      }
    }
    assert.is(script.split("'").length % 2, 1, `${shell}: each quote has its other half`)
  }
})

words('the reference is what the table of commands says', () => {
  // Written by: npx tsx test/bin/reference.ts
  assert.is(readFileSync('docs/reference/command.md', 'utf8'), referencePage())
})

function scriptOf(shell: string): string {
  const write = process.stdout.write
  let text = ''
  process.stdout.write = ((chunk: string) => {
    text += chunk
    return true
  }) as never
  try {
    void COMMANDS.find(({ name }) => name === 'completion')?.act([shell])
  } finally {
    process.stdout.write = write
  }
  return text
}

words.run()
