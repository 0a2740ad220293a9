/** What the page looks at: the stream as it comes, the same held still, or a recording. */
import { History } from '../history.ts'
import type { Message } from '../message.ts'
import { World } from '../world.ts'
import { Playback, type Recording, readRecording, writeRecording } from './recording.ts'

/** What the page remembers. */
const HISTORY = { messagesMax: 30_000, charactersMax: 32 * 1024 * 1024 }
/** The page is drawn no more often than this. Milliseconds. */
const DRAW_MS = 90
export const SPEEDS = [1, 4, 16] as const

export type Mode = 'live' | 'paused' | 'recording'

export class Session {
  connection: 'connecting' | 'live' | 'lost' = 'connecting'
  mode: Mode = 'live'
  playback: Playback | undefined
  /** The name of the recording that is looked at. */
  fileName = ''
  speed: (typeof SPEEDS)[number] = 1
  isPlaying = false
  /** A sentence for the reader about what did not work. */
  complaint = ''
  #live = new History(HISTORY)
  #offset = 0
  #drawn = 0
  #timer: number | undefined
  #playedAt = 0
  readonly #draw: () => void

  constructor(draw: () => void) {
    this.#draw = draw
  }

  get world(): World {
    return this.playback?.world ?? this.#live.now
  }

  /** The moment that is looked at, by the clock of the server. */
  get now(): number {
    return this.playback?.at ?? Date.now() + this.#offset
  }

  /** The messages up to that moment; `first` counts on when old ones are forgotten. */
  get log(): { messages: readonly Message[]; count: number; first: number } {
    if (this.playback) {
      const { recording, count } = this.playback
      return { messages: recording.messages, count, first: 0 }
    }
    const { messages, first } = this.#live
    return { messages, count: messages.length, first }
  }

  /** Listens for as long as the page is open; the browser comes back by itself. */
  connect(url: string): void {
    const stream = new EventSource(url)
    stream.addEventListener('beginning', ({ data }) => {
      this.#live = new History(HISTORY)
      this.#offset = Number(data) - Date.now()
    })
    stream.addEventListener('present', () => {
      this.connection = 'live'
      this.changed()
    })
    stream.addEventListener('message', ({ data }) => {
      for (const message of JSON.parse(data) as Message[]) this.#live.add(message, 200)
      if (this.mode === 'live') this.changed()
    })
    stream.addEventListener('error', () => {
      this.connection = 'lost'
      this.changed()
    })
  }

  togglePause(): void {
    if (this.mode === 'live') {
      this.mode = 'paused'
      this.playback = new Playback(this.#snapshot(), Number.POSITIVE_INFINITY)
    } else if (this.mode === 'paused' && !this.isPlaying) this.goLive()
    else this.togglePlay()
    this.changed()
  }

  togglePlay(): void {
    if (!this.playback) return
    this.isPlaying = !this.isPlaying
    if (this.isPlaying && this.playback.at >= this.playback.end) this.playback.seek(0)
    this.#playedAt = performance.now()
    if (this.isPlaying) this.#play()
    this.changed()
  }

  seek(at: number): void {
    this.playback?.seek(at)
    this.changed()
  }

  setSpeed(speed: (typeof SPEEDS)[number]): void {
    this.speed = speed
    this.changed()
  }

  goLive(): void {
    this.mode = 'live'
    this.playback = undefined
    this.isPlaying = false
    this.changed()
  }

  save(): Blob {
    return writeRecording(this.playback?.recording ?? this.#snapshot())
  }

  async open(file: File): Promise<void> {
    try {
      this.playback = new Playback(await readRecording(file))
      this.mode = 'recording'
      this.fileName = file.name
      this.isPlaying = false
      this.complaint = ''
    } catch (error) {
      this.complaint = error instanceof Error ? error.message : String(error)
    }
    this.changed()
  }

  changed(): void {
    const rest = DRAW_MS - (performance.now() - this.#drawn)
    this.#timer ??= window.setTimeout(
      () => {
        this.#timer = undefined
        this.#drawn = performance.now()
        this.#draw()
      },
      Math.max(0, rest),
    )
  }

  #snapshot(): Recording {
    const { before, messages } = this.#live
    return { before: new World(before), messages: [...messages] }
  }

  #play(): void {
    requestAnimationFrame((at) => {
      if (!this.isPlaying || !this.playback) return
      this.seek(this.playback.at + Math.max(0, at - this.#playedAt) * this.speed)
      this.#playedAt = at
      if (this.playback.at >= this.playback.end) this.isPlaying = false
      else this.#play()
    })
  }
}
