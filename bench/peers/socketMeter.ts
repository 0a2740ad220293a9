/** What all sockets of this process have written and read, whoever opened them. */

import { Socket } from 'node:net'

const sockets = new Set<Socket>()
let writes = 0

interface Innards {
  _writeGeneric(...all: unknown[]): unknown
}

/** To be called before anybody writes. */
export function meterSockets(): void {
  const innards = Socket.prototype as unknown as Innards
  const write = innards._writeGeneric
  innards._writeGeneric = function (this: Socket, ...all: unknown[]) {
    // Standard output has no remote end.
    if (this.remotePort !== undefined || this.connecting) {
      sockets.add(this)
      writes += 1
    }
    return write.apply(this, all)
  }
}

/** With a hub in the middle what comes from it was sent too. */
export function metered({ isHub }: { isHub: boolean }): { frames: number; bytes: number } {
  let bytes = 0
  for (const socket of sockets) bytes += socket.bytesWritten + (isHub ? socket.bytesRead : 0)
  return { frames: writes, bytes }
}

/** Bytes that wait in all sockets. */
export function waitingBytes(): number {
  let bytes = 0
  for (const socket of sockets) if (!socket.destroyed) bytes += socket.writableLength
  return bytes
}
