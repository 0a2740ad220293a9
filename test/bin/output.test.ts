import { Writable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { print } from '../../bin/output.ts'

/** Standard output whose reader reads a line only when it is told to. */
const output = suite('standard output')

const LINES = 100

output('many lines for a reader that is slow wait for the same, and all come', async () => {
  const read: string[] = []
  let readOn = () => {}
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, taken) {
      read.push(String(chunk))
      readOn = taken
    },
  })
  const real = Object.getOwnPropertyDescriptor(process, 'stdout') as PropertyDescriptor
  Object.defineProperty(process, 'stdout', { value: slow, configurable: true })
  try {
    const printed = Array.from({ length: LINES }, (_, number) => print(`line ${number}`))
    assert.is(slow.listenerCount('drain'), 1)
    while (slow.writableLength > 0) {
      readOn()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(printed)
    assert.is(slow.listenerCount('drain'), 0)
    assert.equal(
      read,
      Array.from({ length: LINES }, (_, number) => `line ${number}\n`),
    )
    const gone = print('one that nobody reads')
    slow.destroy()
    await gone
  } finally {
    Object.defineProperty(process, 'stdout', real)
  }
})

output.run()
