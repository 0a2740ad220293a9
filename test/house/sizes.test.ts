import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findExcesses } from './sizes.ts'
import { readSources } from './sources.ts'

const sizes = suite('sizes')

/** So many lines that each do a little. */
const lines = (count: number) => 'work()\n'.repeat(count)

sizes('no function, file or line is too large', () => {
  assert.equal(readSources('.ts').flatMap(findExcesses), [])
})

sizes('a function of 40 lines passes and one of 41 is caught, in each form', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['function alice() {\n', '}'],
    ['const alice = () => {\n', '}'],
    ['const alice = async function () {\n', '}'],
    ['class Bob { alice() {\n', '} }'],
    ['class Bob { get alice() {\n', '} }'],
    ['class Bob { constructor() {\n', '} }'],
    ['export const alice = { bob() {\n', '} }'],
    ['start(function* () {\n', '})'],
  ]
  for (const [head, foot] of forms) {
    const fits = { path: 'actors/store.ts', text: head + lines(38) + foot }
    const tooLong = { path: 'actors/store.ts', text: head + lines(39) + foot }
    assert.equal(findExcesses(fits), [], head)
    const found = findExcesses(tooLong)
    assert.is(found.length, 1, head)
    assert.match(String(found[0]), /actors\/store\.ts:1 .* has 41 lines\./)
  }
})

sizes('a docstring does not make a function longer', () => {
  const text = `/**\n${' * Why.\n'.repeat(20)} */\nfunction alice() {\n${lines(38)}}`
  assert.equal(findExcesses({ path: 'actors/store.ts', text }), [])
})

sizes('the configuration of a machine is exempt, a function inside it is not', () => {
  const config = `{\n${'  a: 1,\n'.repeat(60)}}`
  const machine = `const make = () => setup(${config}).createMachine(${config})`
  assert.equal(findExcesses({ path: 'machines/lease.ts', text: machine }), [])
  const inside = `const made = createMachine({\n entry: () => {\n${lines(60)}} })`
  assert.is(findExcesses({ path: 'machines/lease.ts', text: inside }).length, 1)
  const beside = `const make = () => {\n${lines(39)} createMachine(${config})\n}`
  assert.is(findExcesses({ path: 'machines/lease.ts', text: beside }).length, 1)
})

sizes('a file of 301 lines is caught, and of 401 in test/', () => {
  assert.equal(findExcesses({ path: 'actors/store.ts', text: lines(300) }), [])
  assert.is(findExcesses({ path: 'actors/store.ts', text: lines(301) }).length, 1)
  assert.equal(findExcesses({ path: 'test/store.test.ts', text: lines(400) }), [])
  assert.is(findExcesses({ path: 'test/store.test.ts', text: lines(401) }).length, 1)
})

sizes('a test function may be long, a line of 101 columns may not, anywhere', () => {
  const long = `suite(() => {\n${lines(100)}})`
  assert.equal(findExcesses({ path: 'test/store.test.ts', text: long }), [])
  for (const path of ['actors/store.ts', 'test/store.test.ts']) {
    assert.equal(findExcesses({ path, text: `// ${'→'.repeat(97)}` }), [])
    assert.equal(findExcesses({ path, text: `\n// ${'→'.repeat(98)}` }), [
      `${path}:2 has 101 columns.`,
    ])
  }
})

sizes.run()
