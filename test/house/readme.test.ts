import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import '../secret.ts'
import { checkCode, checkCommands, findBlocks, readManifest } from './readme.ts'
import { readSources, type Source } from './sources.ts'

const readme = suite('readme')

const documents = readSources('.md').filter(({ path }) => /^(README\.md$|docs\/)/.test(path))
/** Until there is a README, its tests are shown as skipped. */
const present = documents.some(({ path }) => path === 'README.md') ? readme : readme.skip

/** A made-up README of one block. */
function write(mark: string, ...lines: readonly string[]): Source {
  return { path: 'README.md', text: ['# Title', `\`\`\`${mark}`, ...lines, '```', ''].join('\n') }
}

/** What is said about the code of a made-up README of one block. */
function check(mark: string, ...lines: readonly string[]): Promise<string[]> {
  return checkCode(findBlocks(write(mark, ...lines)).blocks)
}

present('the README begins with code to copy, and every block is read', () => {
  const found = documents.map(findBlocks)
  assert.equal(
    found.flatMap(({ complaints }) => complaints),
    [],
  )
  const languages = findBlocks(documents.find(({ path }) => path === 'README.md') as Source).blocks
  assert.ok(languages.some(({ language, run }) => language === 'ts' && run))
})

present('every block of code runs and prints what it promises', async () => {
  assert.equal(await checkCode(documents.flatMap((source) => findBlocks(source).blocks)), [])
})

present('every command is one that package.json knows', () => {
  const blocks = documents.flatMap((source) => findBlocks(source).blocks)
  assert.equal(checkCommands(blocks, readManifest()), [])
})

readme('blocks are found with their place and mark, also inside a list', () => {
  const text = '# A\n```ts no-run\na\n```\n\n- b\n  ```js\n  c\n  ```\n\n```json\n{}\n```\n'
  const { blocks, complaints } = findBlocks({ path: 'docs/a.md', text })
  assert.equal(blocks, [
    { place: 'docs/a.md:2', language: 'ts', run: false, text: 'a\n' },
    { place: 'docs/a.md:7', language: 'js', run: true, text: 'c\n' },
  ])
  assert.equal(complaints, [])
})

readme('a block under a mark that nobody would check is refused', () => {
  for (const mark of ['typescript', 'bash', 'javascript', 'ts norun', 'js no-run']) {
    const { blocks, complaints } = findBlocks(write(mark, 'throw 1'))
    assert.is(blocks.length, 0, mark)
    assert.match(String(complaints[0]), `README.md:2 is marked "${mark}"`)
  }
})

readme('a block that prints what it promises passes', async () => {
  const lines = ["const name: string = 'alice'", 'console.log(name) // -> alice']
  assert.equal(await check('ts', ...lines, '// -> 7', 'console.log(await (async () => 7)())'), [])
})

readme('a wrong, a missing and an additional line of output are caught', async () => {
  for (const line of ['console.log(2) // -> 1', '// -> 1', 'console.log("1\\n2") // -> 1']) {
    const complaints = await check('js', line)
    assert.is(complaints.length, 1, line)
    assert.match(String(complaints[0]), /^README\.md:2 promises\n1\nbut prints\n/)
  }
})

readme('a block that breaks or does not end is caught', async () => {
  assert.match(String(await check('js', 'throw new Error("bob fell")')), 'bob fell')
  const hanging = [
    "import { spawn } from 'node:child_process'",
    "spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })",
  ]
  const { blocks } = findBlocks(write('js', ...hanging))
  assert.equal(await checkCode(blocks, 1500), ['README.md:2 was still running after 1500 ms.'])
})

readme('a block is type-checked, and one marked no-run is not run', async () => {
  const [complaint, ...others] = await check('ts', 'const count: number = JSON.stringify(1)')
  assert.match(String(complaint), /^README\.md:2 line 1 does not type-check: .*not assignable/)
  assert.equal(others, [])
  assert.is((await check('ts no-run', 'undefinedName()')).length, 1)
  assert.equal(await check('ts no-run', 'throw new Error("never run")'), [])
})

readme('only commands that work here pass', () => {
  const manifest = {
    name: 'holdfast',
    scripts: { start: '', test: '', bench: '' },
    bin: { holdfast: '' },
    peerDependencies: { xstate: '' },
  }
  const known = [
    'npm ci && npm start # opens',
    '# a note',
    '$ npm run bench',
    'npm i holdfast xstate',
  ]
  const working = [...known, 'npx holdfast get a', 'npx tsx test/run.ts', 'npm test -- lease']
  assert.equal(checkCommands(findBlocks(write('sh', ...working)).blocks, manifest), [])
  const unknown = ['npm run demo', 'npx other', 'npx tsx no/file.ts', 'npm i left-pad', 'rm -r .']
  const complaints = checkCommands(findBlocks(write('sh', ...unknown)).blocks, manifest)
  assert.equal(
    complaints,
    unknown.map((command) => `README.md:2 has an unknown command: ${command}`),
  )
})

readme.run()
