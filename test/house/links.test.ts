import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSources, type Source } from './sources.ts'

const links = suite('links')

/**
 * Every link of a document into this project that leads nowhere. A link to a test may name a scene,
 * as in `[shown](test/a.test.ts "bob is refused")`: then the file must hold these words.
 */
function findBroken({ path, text }: Source): string[] {
  const found = text.matchAll(/\]\(([^)\s"]+)(?: "([^"]*)")?\)/g)
  return [...found].flatMap(([, target = '', words]) => {
    if (/^(https?:|#)/.test(target)) return []
    const file = posix.join(posix.dirname(path), target.replace(/#.*/, ''))
    if (!existsSync(file)) return [`${path} links to ${target}, which is not there.`]
    if (words === undefined || readFileSync(file, 'utf8').includes(words)) return []
    return [`${path} says that ${target} shows "${words}", which it does not hold.`]
  })
}

links('every link leads somewhere, and every scene that is named is there', () => {
  const documents = readSources('.md')
  assert.ok(documents.length >= 4)
  assert.equal(documents.flatMap(findBroken), [])
})

/** The pages of docs/ that its index does not lead to. */
function findUnlisted(index: Source, pages: readonly string[]): string[] {
  const found = index.text.matchAll(/\]\(([^)\s"#]+)/g)
  const listed = new Set([...found].map(([, target = '']) => posix.join('docs', target)))
  return pages.filter((path) => path !== index.path && !listed.has(path))
}

links('every page of the documentation is in its index', () => {
  const documents = readSources('.md').filter(({ path }) => path.startsWith('docs/'))
  const index = documents.find(({ path }) => path === 'docs/README.md') as Source
  const pages = documents.map(({ path }) => path)
  assert.ok(pages.length >= 20)
  assert.equal(findUnlisted(index, pages), [])
  assert.equal(findUnlisted(index, [...pages, 'docs/how-to/fly.md']), ['docs/how-to/fly.md'])
})

links('a link to nowhere and a scene that was renamed are caught', () => {
  const [nowhere, renamed, ...others] = findBroken({
    path: 'examples/README.md',
    text: [
      '[a](nowhere.ts) [b](../package.json "a scene that nobody plays")',
      '[c](README.md) [d](../package.json "holdfast") [e](https://example.org) [f](#top)',
    ].join('\n'),
  })
  assert.is(nowhere, 'examples/README.md links to nowhere.ts, which is not there.')
  assert.match(String(renamed), /shows "a scene that nobody plays", which it does not hold/)
  assert.equal(others, [])
})

links.run()
