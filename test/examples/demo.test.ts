import { execFile } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until, within } from '../../examples/demo/wait.ts'
import { startWordsOf } from '../bundle.ts'
import '../secret.ts'

const demo = suite('demo')

/** Far beyond the ten seconds that it takes, since other tests run at the same time. */
const DEMO_MS_MAX = 90_000

const DEMO = await startWordsOf('examples/demo/demo.ts', 'examples/demo/peer.ts')

const SECTIONS = [
  'A mesh of five processes, without a server',
  /A real data set: the 2,\d{3} media types of mime-db/,
  'Who owns what, as bob sees it',
  'A refused write',
  'A pop',
  'A lease of 1,000 ms that lapses',
  'A peer is killed',
  'A latecomer',
  'In the end',
]

/** The run that the first two scenes look at. */
let usual: Promise<Shown> | undefined

interface Shown {
  readonly code: number
  readonly output: string
  readonly errors: string
}

function show(...options: readonly string[]): Promise<Shown> {
  // Real processes and real time: this is what a visitor runs first.
  return new Promise((resolve) => {
    const script = [...DEMO, ...options]
    const limits = { timeout: DEMO_MS_MAX, killSignal: 'SIGKILL' as const }
    execFile(process.execPath, script, limits, (error, output, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output, errors })
    })
  })
}

demo(
  'five processes end with equal digests, one having been killed and one come late',
  async () => {
    usual = show()
    const { code, output, errors } = await usual
    assert.is(errors, '')
    const lines = output.trimEnd().split('\n')
    assert.match(
      String(lines.at(-1)),
      /^holdfast demo: 2\d{3} entries, 5 peers, digests equal$/,
      output,
    )
    assert.is(code, 0)
    for (const [index, text] of SECTIONS.entries()) {
      const line = lines.find((each) => each.startsWith(`${index + 1}. `))
      assert.match(String(line), text)
    }
  },
)

demo('what the sections show is what happened', async () => {
  const { output } = await (usual as Promise<Shown>)
  const [, told = ''] = /the ([\d,]+) media types/.exec(output) ?? []
  const entries = Number(told.replace(',', ''))
  const owners = [...output.matchAll(/^ {3}(alice|bob|carol|dave|erin) +(50\d)$/gm)]
  assert.is(owners.length, 5, output)
  assert.is(
    owners.reduce((sum, [, , keys]) => sum + Number(keys), 0),
    entries,
  )
  assert.match(output, /bob sets text\/html: LEASE_HELD, it is alice's for another 60 min 0 s/)
  assert.match(output, /alice owns text\/html and pops it: {"source":"iana"/)
  assert.match(output, /carol takes 'on-call', token 1, and does not renew it/)
  assert.match(output, /dave wants it: it is carol's for another \d+ ms/)
  assert.match(output, /dave takes it over after \d+ ms, token 2/)
  assert.match(output, /carol comes back too late: LEASE_HELD, it is dave's/)
  assert.match(output, /SIGKILL for erin/)
  // One entry was popped and one added.
  assert.match(output, /frank is told alice's address, and has all 2,\d{3} entries/)
  const digests = [...output.matchAll(/^ {3}(\w+) +([\d,]+) +(\d) +([0-9a-f]{16})$/gm)]
  assert.equal(
    digests.map(([, name]) => name),
    ['alice', 'bob', 'carol', 'dave', 'frank'],
  )
  assert.is(new Set(digests.map(([, , , , digest]) => digest)).size, 1)
  assert.is(digests[0]?.[2], entries.toLocaleString('en-US'))
})

demo('a peer that holds something else is told in the last line and in the exit code', async () => {
  const { code, output } = await show('--stray')
  assert.match(output, 'frank was refused by the others, reason: network')
  const last = String(output.trimEnd().split('\n').at(-1))
  assert.match(last, /^holdfast demo: 2\d{3} entries, 5 peers, digests differ$/, output)
  assert.is(code, 1)
})

demo('a wait that is in vain says what was waited for', async () => {
  const messages: string[] = []
  const note = (error: Error) => messages.push(error.message)
  await until('bob comes', async () => 'he is on his way', 1).catch(note)
  await within('carol answers', new Promise(() => {}), 1).catch(note)
  assert.equal(messages, [
    'Waited 1 ms in vain: bob comes; he is on his way.',
    'Waited 1 ms in vain: carol answers.',
  ])
})

demo.run()
