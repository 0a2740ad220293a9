/** Recordings: the messages of a stretch of time as lines of JSON, and a look at any moment. */
import type { Message } from '../message.ts'
import { World } from '../world.ts'

/** The largest file that is read. Bytes. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

export interface Recording {
  /** How it was at the beginning. */
  readonly before: World
  readonly messages: readonly Message[]
}

/** The first line says what it is; each further one is a message. */
export function writeRecording({ before, messages }: Recording): Blob {
  const head = { type: '@holdfast.recording', version: 1, savedAt: String(Date.now()) }
  const lines = [head, ...before.messages(), ...messages].map((line) => JSON.stringify(line))
  return new Blob([`${lines.join('\n')}\n`], { type: 'application/x-ndjson' })
}

/** Also reads messages of `@statelyai/inspect`, one a line. Throws a sentence for the reader. */
export async function readRecording(file: File): Promise<Recording> {
  if (file.size > FILE_BYTES_MAX) throw new Error('That file is larger than 256 MB.')
  const messages: Message[] = []
  for (const line of (await file.text()).split('\n')) {
    const message = parse(line)
    if (message) messages.push(message)
  }
  if (messages.length === 0) throw new Error(`${file.name} holds no message of an inspector.`)
  // What is from before the beginning is its starting point.
  const before = new World()
  const first = messages.findIndex(({ type }) => type === '@xstate.event')
  for (const message of messages.splice(0, Math.max(0, first))) before.apply(message)
  return { before, messages }
}

function parse(line: string): Message | undefined {
  try {
    const message = JSON.parse(line)
    const isKnown = /^@(xstate\.(actor|event|snapshot)|holdfast\.(source|dictionary))$/
    if (!isKnown.test(message.type)) return undefined
    return { source: 'recording', createdAt: '0', ...message }
  } catch {
    return undefined
  }
}

/** A recording, looked at as it was at one moment. */
export class Playback {
  readonly recording: Recording
  readonly start: number
  readonly end: number
  at: number
  world: World
  /** How many messages had come by then. */
  count = 0

  constructor(recording: Recording, at?: number) {
    this.recording = recording
    const times = recording.messages.map(({ createdAt }) => Number(createdAt)).filter((t) => t > 0)
    this.start = times.reduce((least, t) => Math.min(least, t), times[0] ?? 0)
    this.end = times.reduce((most, t) => Math.max(most, t), this.start)
    this.at = this.start
    this.world = new World(recording.before)
    this.seek(at ?? this.start)
  }

  seek(at: number): void {
    const goal = Math.min(Math.max(at, this.start), this.end)
    if (goal < this.at) {
      this.world = new World(this.recording.before)
      this.count = 0
    }
    const { messages } = this.recording
    for (; this.count < messages.length; this.count++) {
      const message = messages[this.count] as Message
      if (Number(message.createdAt) > goal) break
      this.world.apply(message)
    }
    this.at = goal
  }
}
