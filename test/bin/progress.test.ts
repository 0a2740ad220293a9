import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Progress } from '../../bin/progress.ts'

const progress = suite('the bar of import and export')

/** A terminal of one line, which begins anew at each drawing, and a clock that stands. */
class Line extends Writable {
  readonly isTTY: boolean
  readonly drawings: string[] = []
  now = 0

  constructor(isTTY = true) {
    super()
    this.isTTY = isTTY
  }

  get text(): string {
    return stripVTControlCharacters(this.drawings.at(-1) ?? '').trim()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const text = String(chunk)
    assert.ok(text.startsWith(CLEARED), JSON.stringify(text))
    this.drawings.push(text)
    done()
  }
}

const CLEARED = '\r\u001b[2K'
const barOn = (line: Line) => new Progress({ noun: 'keys', stream: line, now: () => line.now })

progress('it grows in its line, with how many and how fast', () => {
  const line = new Line()
  const bar = barOn(line)
  line.now = 1_000
  bar.show(500, 0.25)
  assert.is(line.text, `${'█'.repeat(8)}${'░'.repeat(22)} 500 keys, 500 a second`)
  line.now = 4_000
  bar.end(2_000)
  assert.is(line.text, `${'█'.repeat(30)} 2,000 keys, 500 a second`)
})

progress('standard input does not say how much comes, so there is no bar until the end', () => {
  const line = new Line()
  const bar = barOn(line)
  line.now = 2_000
  bar.show(1_234)
  assert.is(line.text, '1,234 keys, 617 a second')
})

progress('it is drawn ten times a second at most', () => {
  const line = new Line()
  const bar = barOn(line)
  for (line.now = 0; line.now < 1_000; line.now += 1) bar.show(line.now)
  assert.is(line.drawings.length, 10)
})

progress('where nobody looks nothing is written', () => {
  const line = new Line(false)
  const bar = barOn(line)
  bar.show(1, 0.5)
  bar.end(2)
  assert.equal(line.drawings, [])
})

progress.run()
