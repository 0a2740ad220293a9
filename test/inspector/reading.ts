/** Reads what an inspector tells its pages, as a page does. */
import { request } from 'node:http'
import type { Message } from '../../inspector/message.ts'
import { World } from '../../inspector/world.ts'

export interface Reading {
  readonly world: World
  readonly messages: readonly Message[]
  /** All that was sent, as it was sent. */
  readonly text: () => string
  /** Waits until something is so. */
  until<T>(what: (world: World) => T | undefined | false): Promise<T>
  close(): void
}

const UNTIL_MS_MAX = 10_000

export async function readInspector(url: string): Promise<Reading> {
  const { world, messages, heard } = { world: new World(), messages: [] as Message[], heard: [''] }
  const stops: (() => void)[] = []
  const looks = new Set<() => void>()
  await new Promise<void>((resolve, reject) => {
    const ask = request(url.replace('/?', '/events?'), (response) => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`))
      response.setEncoding('utf8')
      let rest = ''
      response.on('data', (chunk: string) => {
        heard[0] += chunk
        const frames = (rest + chunk).split('\n\n')
        rest = frames.pop() as string
        for (const frame of frames) take(frame)
        for (const look of looks) look()
        resolve()
      })
      response.on('error', () => {})
    })
    ask.on('error', reject)
    stops.push(() => ask.destroy())
    ask.end()
  })
  function take(frame: string): void {
    const data = /^data: (\[.*\])$/m.exec(frame)?.[1]
    if (data === undefined) return
    for (const message of JSON.parse(data) as Message[]) {
      messages.push(message)
      world.apply(message)
    }
  }
  return {
    world,
    messages,
    text: () => heard[0] as string,
    until: (what) =>
      new Promise((resolve, reject) => {
        const late = new Error(`waited in vain for ${what}`)
        const timer = setTimeout(() => reject(late), UNTIL_MS_MAX)
        const look = () => {
          const found = what(world)
          if (!found) return
          clearTimeout(timer)
          looks.delete(look)
          resolve(found)
        }
        looks.add(look)
        look()
      }),
    close: () => {
      for (const stop of stops) stop()
    },
  }
}
