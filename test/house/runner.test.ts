/** The runner is run as `npm test` runs it, over small files in a folder of their own. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startWordsOf } from '../bundle.ts'
import { COMPUTING, lanesOf, WAITING } from '../order.ts'

const runner = suite('the test runner')

const RUNNER = await startWordsOf('test/run.ts')

const begin = `import { suite } from 'uvu'
import * as assert from 'uvu/assert'
const scene = suite('scene')
`
const passing = `${begin}
scene('one', () => assert.ok(true))
scene('two', () => assert.ok(true))
scene.run()
`

interface Run {
  readonly code: number | null
  readonly lastLine: string | undefined
  readonly output: string
}

/** Writes the files, runs them with short limits and says how that ended. */
function run(files: Record<string, string>, ...words: string[]): Run {
  mkdirSync('.tmp', { recursive: true })
  // The folder lies inside the project, so that the files can import uvu.
  const folder = mkdtempSync(join('.tmp', 'runner-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const limits = ['--folder', folder, '--exit-ms-max', '2000']
    const args = [...RUNNER, ...limits, ...words]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const output = stdout + stderr
    return { code: status, lastLine: output.trimEnd().split('\n').at(-1), output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

runner('adds up what passed in all files and ends with 0', () => {
  const { code, lastLine, output } = run({ 'alice.test.ts': passing, 'bob.test.ts': passing })
  assert.is(lastLine, '4 passed, 0 failed', output)
  assert.is(code, 0)
  assert.match(output, /^ok \.tmp\/runner-\w+\/alice\.test\.ts \(2 passed, \d+\.\d s\)$/m)
})

runner('names the skipped ones and counts them neither as passed nor as failed', () => {
  const skipping = passing.replace('scene.run()', "scene.skip('three', () => {})\nscene.run()")
  const { code, lastLine, output } = run({ 'alice.test.ts': skipping })
  assert.is(lastLine, '2 passed, 0 failed, 1 skipped', output)
  assert.is(code, 0)
})

runner('shows a failing test in full and runs the other files all the same', () => {
  const failing = `${begin}
scene('good', () => assert.ok(true))
scene('bad', () => assert.is('rodrigo', 'robert'))
scene.run()
`
  const { code, lastLine, output } = run({ 'alice.test.ts': failing, 'bob.test.ts': passing })
  assert.is(lastLine, '3 passed, 1 failed', output)
  assert.is(code, 1)
  assert.match(output, 'rodrigo')
  assert.match(output, 'robert')
})

runner('refuses a file that runs no test', () => {
  const files = { 'alice.test.ts': begin, 'bob.test.ts': passing }
  const { code, lastLine, output } = run(files)
  assert.is(lastLine, '2 passed, 1 failed', output)
  assert.is(code, 1)
  assert.match(output, 'No test ran. Does every suite call run()?')
})

runner('refuses a run without any test', () => {
  const { code, lastLine, output } = run({ 'alice.test.ts': passing }, 'no such file')
  assert.is(lastLine, '0 passed, 1 failed', output)
  assert.is(code, 1)
})

runner('runs only the files whose path holds one of the words', () => {
  const files = { 'alice.test.ts': passing, 'bob.test.ts': begin, 'carol.test.ts': passing }
  const { code, lastLine, output } = run(files, 'alice', 'carol')
  assert.is(lastLine, '4 passed, 0 failed', output)
  assert.is(code, 0)
})

runner('refuses a file that breaks before or after its tests', () => {
  const files = {
    'before.test.ts': `throw new Error('broken at once')\n${passing}`,
    'after.test.ts': `${passing}\nprocess.on('exit', () => process.exit(3))`,
  }
  const { code, lastLine, output } = run(files)
  assert.is(lastLine, '2 passed, 2 failed', output)
  assert.is(code, 1)
  assert.match(output, 'broken at once')
  assert.match(output, 'Exited with code 3, though no test had failed.')
})

runner('runs the others if one cannot be compiled', () => {
  const files = { 'alice.test.ts': passing, 'bob.test.ts': `${passing}\nimport './nobody.ts'` }
  const { code, lastLine, output } = run(files)
  assert.is(lastLine, '2 passed, 1 failed', output)
  assert.is(code, 1)
  assert.match(output, /Cannot find module .*nobody\.ts/)
})

runner('refuses a suite whose preparation throws, which uvu lets pass', () => {
  const unprepared = passing.replace(
    'scene.run()',
    "scene.before(() => { throw new Error('unprepared') })\nscene.run()",
  )
  const { code, lastLine, output } = run({ 'alice.test.ts': unprepared })
  assert.is(lastLine, '0 passed, 2 failed', output)
  assert.is(code, 1)
})

runner('kills a file that is still running at its limit, and what it had started', () => {
  const hanging = `${begin}
import { spawn } from 'node:child_process'
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
scene('waits for bob', () => new Promise(() => setInterval(() => {}, 1000)))
scene.run()
`
  // The started process holds the output open: if it lived on, the run would not come to its end.
  const { code, lastLine, output } = run({ 'alice.test.ts': hanging }, '--file-ms-max', '4000')
  assert.is(lastLine, '0 passed, 1 failed', output)
  assert.is(code, 1)
  assert.match(output, 'Killed: still running after 4000 ms.')
})

runner('calls a handle that outlives the tests a leak', () => {
  const leaking = `${passing}\nsetInterval(() => {}, 1000)`
  const { code, lastLine, output } = run({ 'alice.test.ts': leaking })
  assert.is(lastLine, '2 passed, 1 failed', output)
  assert.is(code, 1)
  assert.match(output, /Leaked handle: 2000 ms after the last test/)
})

runner('knows of no file that is gone, and puts the longest first', () => {
  const listed = [...WAITING, ...COMPUTING]
  assert.is(new Set(listed).size, listed.length)
  for (const path of listed) assert.ok(existsSync(path), path)
  const [slowest = '', quickest = ''] = [WAITING[0], WAITING.at(-1)]
  const [hardest = ''] = COMPUTING
  const lanes = lanesOf(['test/bob.test.ts', quickest, 'test/alice.test.ts', hardest, slowest])
  assert.equal(lanes, {
    waiting: [slowest, quickest],
    computing: [hardest, 'test/alice.test.ts', 'test/bob.test.ts'],
  })
})

runner.run()
