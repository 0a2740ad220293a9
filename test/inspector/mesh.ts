/** A mesh of real processes that report to one inspector, for the browser and the screenshots. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

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
  const script = ['--import', 'tsx', 'test/inspector/meshPeer.ts', peerId, url, ...join]
  const child = spawn(process.execPath, script, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const address = await nextLine(lines, child)
  let last: Promise<unknown> = Promise.resolve()
  const ask = (line: string) => {
    // One at a time, so that each answer is to its own question.
    const answer = last.then(() => {
      child.stdin?.write(`${line}\n`)
      return nextLine(lines, child)
    })
    last = answer.catch(() => {})
    return answer
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

function nextLine(lines: Interface, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve)
    child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}`)))
  })
}
