import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXIT, Failure } from '../../bin/exit.ts'
import { run } from '../../bin/run.ts'
import { freePort } from '../freePort.ts'
import { Crew } from './crew.ts'

/** Real processes: they need real time. */
const runs = suite('holdfast run')

const SCRIPT = {
  say: 'echo "$HOLDFAST_KEY under $HOLDFAST_TOKEN"',
  /** Ends by itself when it is asked to. */
  polite: 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done',
} as const

async function withCrew(play: (crew: Crew, address: string) => Promise<void>): Promise<void> {
  const crew = new Crew()
  try {
    await play(crew, `tcp://127.0.0.1:${await freePort()}`)
  } finally {
    await crew.end()
  }
}

/** The words of a `run` that looks for nobody. */
function alone(address: string, ...command: readonly string[]): string[] {
  return ['run', 'job', '--term', '2s', '--listen', address, '--settle', '0', '--', ...command]
}

runs('the command finds key and token, and its status is that of holdfast', () =>
  withCrew(async (crew, address) => {
    const alice = crew.start('alice', ...alone(address, 'sh', '-c', `${SCRIPT.say}; exit 3`))
    assert.equal(await alice.exited, { code: 3, signal: null })
    assert.is(alice.output, 'job under 1\n')
    assert.is(alice.errors, '')
  }),
)

runs('a command that a signal ended, one that is missing, and one that is none', async () => {
  const endings = [
    [['sh', '-c', 'kill -USR1 $$'], 128 + 10, ''],
    [['no-such-command'], EXIT.notFound, 'There is no such command: no-such-command'],
    [['/etc'], EXIT.notStarted, 'It cannot be started (EACCES): /etc'],
  ] as const
  const play = ([command, code, text]: (typeof endings)[number]) =>
    withCrew(async (crew, address) => {
      const alice = crew.start('alice', ...alone(address, ...command))
      assert.equal(await alice.exited, { code, signal: null })
      assert.ok(alice.errors.includes(text), alice.errors)
    })
  await Promise.all(endings.map(play))
})

runs('while alice holds it carol is told so, and bob waits for his turn', () =>
  withCrew(async (crew, address) => {
    const alice = crew.start('alice', ...alone(address, 'sh', '-c', SCRIPT.polite))
    while (!alice.output.includes('ready')) await new Promise((resolve) => setTimeout(resolve, 10))
    const place = { HOLDFAST_JOIN: address }
    const words = ['run', 'job', '--term', '2s', '--verbose']
    const command = ['--', 'sh', '-c', SCRIPT.say]
    const carol = crew.startWith(place, 'carol', ...words, ...command)
    const bob = crew.startWith(place, 'bob', ...words, '--wait', '1m', ...command)
    assert.equal(await carol.exited, { code: EXIT.busy, signal: null })
    assert.match(carol.errors, /'job' is held by .*wait with --wait/)
    await bob.says('is held by')
    assert.is(bob.output + carol.output, '')
    alice.signal('SIGTERM')
    assert.equal(await alice.exited, { code: 7, signal: null }, 'the signal went to the command')
    assert.equal(await bob.exited, { code: 0, signal: null })
    assert.is(bob.output, 'job under 2\n')
  }),
)

runs('who is interrupted while it looks for others starts nothing', () =>
  withCrew(async (crew, address) => {
    const words = ['run', 'job', '--listen', address, '--verbose', '--settle', '1m', '--']
    const alice = crew.start('alice', ...words, 'echo', 'ran')
    await alice.says('looks for others')
    alice.signal('SIGINT')
    assert.equal(await alice.exited, { code: 130, signal: null })
    assert.is(alice.output, '')
  }),
)

runs('what a command leaves behind ends with it', () =>
  withCrew(async (crew, address) => {
    // Its standard output would keep this process waiting if it lived on.
    const alice = crew.start('alice', ...alone(address, 'sh', '-c', 'sleep 60 & echo $!'))
    assert.equal(await alice.exited, { code: 0, signal: null })
    assert.throws(() => process.kill(Number(alice.output), 0), /ESRCH/)
  }),
)

runs('without its supervisor the command is killed, and its child with it', () =>
  withCrew(async (crew, address) => {
    const worker = crew.worker(50_000, 'family').slice(1)
    const alice = crew.start('alice', ...alone(address, ...worker))
    const { parent } = await crew.until('alice', 'start')
    while (crew.lines('start').length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
    process.kill(parent, 'SIGKILL')
    assert.equal(await alice.exited, { code: EXIT.failed, signal: null })
    for (const { pid } of crew.lines('start')) {
      assert.throws(() => process.kill(pid, 0), /ESRCH/)
    }
  }),
)

runs('a port in use is told, and nothing runs', () =>
  withCrew(async (crew, address) => {
    const alice = crew.start('alice', ...alone(address, 'sh', '-c', SCRIPT.polite))
    while (!alice.output.includes('ready')) await new Promise((resolve) => setTimeout(resolve, 10))
    const bob = crew.start('bob', ...alone(address, 'echo', 'ran'))
    assert.equal(await bob.exited, { code: EXIT.unavailable, signal: null })
    assert.match(bob.errors, /^holdfast: .*127\.0\.0\.1/)
    assert.is(bob.output, '')
  }),
)

runs('a command line that makes no sense is told what would', async () => {
  const place = ['--listen', 'tcp://127.0.0.1:0']
  const wrong: readonly (readonly [words: string[], advice: RegExp])[] = [
    [['job', '--', 'true'], /--listen tls:.*--join tls:/],
    [['job', ...place], /The command is missing\. Write: holdfast run KEY -- COMMAND/],
    [['job', ...place, '--'], /The command is missing/],
    [[...place, '--', 'true'], /A key is missing/],
    [['job', 'true', ...place, '--', 'true'], /There is one key only/],
    [['job', ...place, '--turm', '3s', '--', 'true'], /--turm.*See: holdfast run --help/],
    [['job', ...place, '--term', 'long', '--', 'true'], /'long' is no duration\. Write .*30s/],
    [['job', ...place, '--term', '10ms', '--', 'true'], /--term must be 1s to 365d, and is 10ms/],
    [['job', ...place, '--grace', '10s', '--', 'true'], /--grace must be 0ms to 7\.5s/],
    [['job', ...place, '--when-cut', 'panic', '--', 'true'], /stop or continue/],
    [['job', '--listen', 'nowhere', '--', 'true'], /nowhere/],
  ]
  for (const [words, advice] of wrong) {
    const failure = await run(words).catch((error: unknown) => error)
    assert.instance(failure, Failure, words.join(' '))
    assert.is((failure as Failure).exitCode, EXIT.usage, words.join(' '))
    assert.match((failure as Failure).message.replaceAll('\n', ' '), advice)
  }
})

runs('help tells of the commands and of each, and what else is asked for is refused', () =>
  withCrew(async (crew) => {
    const here = ['--listen', 'tcp://127.0.0.1:0', '--settle', '0']
    const asked: readonly (readonly [words: string[], code: number, text: RegExp])[] = [
      [['--help'], 0, / run +run a command while/],
      [['run', '--help'], 0, /--when-cut(.|\n)*124 +run: the lease was lost/],
      [[], EXIT.usage, / run +run a command while/],
      [['run', 'k'.repeat(2_000), ...here, '--', 'true'], EXIT.usage, /cannot be a key/],
      [['walk'], EXIT.usage, /There is no command 'walk'\. See: holdfast --help/],
    ]
    const play = async ([words, code, text]: (typeof asked)[number]) => {
      const alice = crew.start('alice', ...words)
      assert.equal(await alice.exited, { code, signal: null })
      assert.match(alice.output + alice.errors, text)
    }
    await Promise.all(asked.map(play))
  }),
)

runs.run()
