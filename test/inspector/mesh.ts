/** A mesh of real processes that report to one inspector, for the browser and the screenshots. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { startWordsOf } from '../bundle.ts'

const PEER = await startWordsOf('test/inspector/meshPeer.ts')

export interface MeshProcess {
  readonly peerId: string
  /** Where it listens. */
  readonly address: string
  /** Asks for something, in one line; resolves with the answer. */
  ask(line: string): Promise<string>
  /** Ends at once, without a word to anybody. */
  kill(): Promise<void>
  /** Leaves in good order. */
  close(): Promise<void>
}

export async function startPeer(
  peerId: string,
  { url, join }: { url: string; join: readonly string[] },
): Promise<MeshProcess> {
  const script = [...PEER, peerId, url, ...join]
  const child = spawn(process.execPath, script, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  // Each line answers the oldest question.
  lines.on('line', (line) => waiting.shift()?.resolve(line))
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting) reject(new Error(`ended with ${code ?? signal}`))
  })
  const answer = () =>
    new Promise<string>((resolve, reject) => {
      waiting.push({ resolve, reject })
    })
  const address = await answer()
  let last: Promise<unknown> = Promise.resolve()
  const ask = (line: string) => {
    const answered = last.then(() => {
      child.stdin?.write(`${line}\n`)
      return answer()
    })
    last = answered.catch(() => {})
    return answered
  }
  return {
    peerId,
    address,
    ask,
    kill: () => {
      child.kill('SIGKILL')
      return ended
    },
    close: async () => {
      await ask('close').catch(() => {})
      await ended
    },
  }
}
