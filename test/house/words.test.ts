import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSources } from './sources.ts'
import { findWords } from './words.ts'

const words = suite('words')

words('no file names a path of a machine or the host of a registry', () => {
  const sources = readSources('')
  assert.ok(sources.some(({ path }) => path === 'package-lock.json'))
  assert.equal(sources.flatMap(findWords), [])
})

words('each forbidden word is caught', () => {
  // The words are put together, so that this file does not hold them itself.
  const slash = '/'
  const planted = [
    `see ${slash}work/main/index.ts`,
    `"${slash}home/alice"`,
    `cd ${slash}root`,
    `(${slash}Users/alice)`,
    `> ${slash}tmp/bash_jobs.0/x`,
    `https:${slash}/registry.${'npmjs'}.org/xstate`,
  ]
  for (const text of planted) {
    const found = findWords({ path: 'README.md', text: `first line\n${text}` })
    assert.is(found.length, 1, text)
    assert.match(String(found[0]), /^README\.md:2 /)
  }
  const lock = { path: 'package-lock.json', text: '"resolved": "https://example.org/a.tgz"' }
  assert.is(findWords(lock).length, 1)
})

words('what only looks like one is left alone', () => {
  const harmless = 'https://example.org/home ../work ./root-cause a/work/b /workers "resolved"'
  assert.equal(findWords({ path: 'README.md', text: harmless }), [])
})

words.run()
