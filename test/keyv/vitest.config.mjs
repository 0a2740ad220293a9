import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export default {
  root: at('test/keyv'),
  // The sources, as everywhere in the tests.
  resolve: { alias: { 'holdfast/keyv': at('adapters/keyv.ts'), holdfast: at('index.ts') } },
  test: { include: ['suite.mjs'] },
}
