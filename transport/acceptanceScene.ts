import assert from 'node:assert/strict'
import { body, FRAME_HEADER_BYTES, seal } from './framing.ts'
import type {
  Frame,
  Listener,
  ListenFailure,
  Transport,
  Wire,
  WireEnd,
  WireEvents,
} from './ports.ts'

/** What a carrier gives the acceptance suite: two sides, and a way to let time go on. */
export interface TransportScene {
  /** The side that listens. */
  readonly listener: Transport
  /** The side that dials; it may be the same object. */
  readonly dialler: Transport
  /**
   * Where the listener may listen: an address that is free for each scene, such as
   * `tcp://127.0.0.1:0`.
   */
  readonly address: string
  /** Lets time go on until the condition holds. Rejects when it does not within a few seconds. */
  until(condition: () => boolean): Promise<void>
  /** Lets time go on until whatever is under way has arrived. */
  settle(): Promise<void>
  close(): Promise<void> | void
}

/** One check of the suite. */
export type SceneCheck = (scene: TransportScene) => Promise<void>

/** Notes what one wire tells its owner, and complains about calls out of turn. */
export class WireRecorder implements WireEvents {
  readonly name: string
  readonly received: Frame[] = []
  openedCount = 0
  drainedCount = 0
  readCount = 0
  end: WireEnd | undefined
  /** Set while a call would be too early. */
  isEarly = true
  onFrames: (frames: readonly Frame[]) => void = () => {}

  constructor(name: string) {
    this.name = name
  }

  get isEnded(): boolean {
    return this.end !== undefined
  }

  opened(): void {
    this.#expectLife('opened')
    this.openedCount += 1
    assert.equal(this.openedCount, 1, `${this.name}: opened a second time`)
  }

  frames(frames: readonly Frame[]): void {
    this.#expectLife('frames')
    assert.equal(this.openedCount, 1, `${this.name}: frames before opened`)
    assert.notEqual(frames.length, 0, `${this.name}: a read without frames`)
    this.received.push(...frames)
    this.readCount += 1
    this.onFrames(frames)
  }

  drained(): void {
    this.#expectLife('drained')
    this.drainedCount += 1
  }

  closed(end: WireEnd): void {
    this.#expectLife('closed')
    this.end = end
  }

  #expectLife(call: string): void {
    assert.equal(this.isEarly, false, `${this.name}: ${call} before the wire was returned`)
    assert.equal(this.end, undefined, `${this.name}: ${call} after closed`)
  }
}

/** One end of an open connection. */
export interface End {
  readonly wire: Wire
  readonly heard: WireRecorder
}

/** A listener that accepts everybody, and what it heard. */
export interface Listening {
  readonly listener: Listener
  readonly address: string
  readonly accepted: readonly End[]
}

/** Listens at the address of the scene, or at another one. */
export async function listen(scene: TransportScene, address = scene.address): Promise<Listening> {
  let bound: string | undefined
  let failure: ListenFailure | undefined
  const accepted: End[] = []
  const listener = scene.listener.listen(address, {
    listening: (chosen) => {
      bound = chosen
    },
    accepted: (wire) => {
      const heard = new WireRecorder('the listener')
      accepted.push({ wire, heard })
      heard.isEarly = false
      return heard
    },
    failed: (reason) => {
      failure = reason
    },
  })
  assert.equal(bound, undefined, 'listening was called before listen returned')
  await scene.until(() => bound !== undefined || failure !== undefined)
  assert.equal(failure, undefined)
  return { listener, address: bound ?? address, accepted }
}

/** Dials; the wire may not be open yet. */
export function dial(scene: TransportScene, address: string): End {
  const heard = new WireRecorder('the dialler')
  const wire = scene.dialler.dial(address, heard)
  heard.isEarly = false
  return { wire, heard }
}

/** Both ends of one open connection, and the listener that accepted it. */
export interface Pair {
  readonly dialled: End
  readonly accepted: End
  readonly listening: Listening
}

export async function connect(scene: TransportScene): Promise<Pair> {
  const listening = await listen(scene)
  return { listening, ...(await join(scene, listening)) }
}

/** One more connection to a listener. */
export async function join(
  scene: TransportScene,
  listening: Listening,
): Promise<{ dialled: End; accepted: End }> {
  const known = listening.accepted.length
  const dialled = dial(scene, listening.address)
  await scene.until(() => listening.accepted[known]?.heard.openedCount === 1)
  await scene.until(() => dialled.heard.openedCount === 1)
  const accepted = listening.accepted[known]
  assert.ok(accepted)
  return { dialled, accepted }
}

/** A frame whose body has so many bytes, all different from those of another `mark`. */
export function frameOf(bodyBytes: number, mark = 0): Frame {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes)
  for (let index = 0; index < bodyBytes; index += 1) {
    frame[FRAME_HEADER_BYTES + index] = (index * 31 + mark * 17) % 251
  }
  if (bodyBytes >= 4) new DataView(frame.buffer).setUint32(FRAME_HEADER_BYTES, mark)
  return seal(frame)
}

/** The mark of a frame that `frameOf` made with four bytes or more. */
export function markOf(frame: Frame): number {
  const bytes = body(frame)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Compares bytes, whatever their class. */
export function assertSameFrames(actual: readonly Frame[], expected: readonly Frame[]): void {
  assert.equal(actual.length, expected.length, 'as many frames arrived as were sent')
  for (const [index, frame] of expected.entries()) {
    assert.ok(Buffer.compare(actual[index] ?? new Uint8Array(), frame) === 0, `frame ${index}`)
  }
}
