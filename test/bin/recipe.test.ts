import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fence, type HoldfastError } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { freePort } from '../freePort.ts'
import { findBlocks } from '../house/readme.ts'
import { Crew } from './crew.ts'

/** The recipe that test/house/readme.test.ts cannot run: it needs `holdfast run` around it. */
const recipes = suite('recipes')

const PATH = 'docs/how-to/fencing.md'

recipes('a command hands its token on, and a request that comes late is refused', async () => {
  const { blocks } = findBlocks({ path: PATH, text: readFileSync(PATH, 'utf8') })
  const recipe = blocks.find(({ text }) => text.includes('process.env'))
  assert.ok(recipe)
  const guard = fence()
  const tokens: number[] = []
  const server = createServer((request, response) => {
    const token = Number(request.headers['fencing-token'])
    tokens.push(token)
    try {
      guard.check(token)
      response.writeHead(204).end()
    } catch (error) {
      assert.is((error as HoldfastError).code, 'TOKEN_STALE')
      response.writeHead(409).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const crew = new Crew()
  try {
    const script = join(crew.folder, 'report.mts')
    writeFileSync(script, recipe.text)
    const { port } = server.address() as AddressInfo
    const environment = { STORAGE: `http://127.0.0.1:${port}/report` }
    const play = async () => {
      const place = ['--listen', `tcp://127.0.0.1:${await freePort()}`, '--settle', '0']
      const command = [process.execPath, '--import', 'tsx', script]
      const hand = crew.startWith(environment, 'alice', 'run', 'job', ...place, '--', ...command)
      return { exit: await hand.exited, hand }
    }
    const first = await play()
    assert.is(first.exit.code, 0, first.hand.errors)
    assert.is(first.hand.output, 'written under token 1\n')
    guard.check(2)
    const late = await play()
    assert.is(late.exit.code, 1)
    assert.match(late.hand.errors, 'Somebody else is at work by now.')
    assert.equal(tokens, [1, 1])
  } finally {
    server.close()
    await crew.end()
  }
})

recipes.run()
