/** Standard output, with the patience that a slow reader needs. */

/** Prints a line. Resolves when the reader takes more; where nobody reads, at once. */
export async function print(line: string): Promise<void> {
  const { stdout } = process
  if (!stdout.writable || stdout.write(`${line}\n`)) return
  room ??= untilRoom(stdout)
  await room
}

/** All who wait wait for the same: what happens at once is many lines. */
let room: Promise<void> | undefined

function untilRoom(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) stdout.off(event, done)
      room = undefined
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) stdout.on(event, done)
  })
}

/** Says something beside the output, for people. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
