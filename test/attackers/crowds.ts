/** Crowds of strangers, each an actor with a life of its own: it attacks until it is stopped. */

import { connect, type Socket } from 'node:net'
import { Stranger } from '../actors/stranger.ts'

/** Strangers come from another loopback address than peers, as they would from another host. */
const FOREIGN_ADDRESS = '127.0.0.66'
/** How often each of the slow ones says one byte, in milliseconds. */
const DRIP_MS = 1_000
/** How often a dropped place in the crowd is taken again, in milliseconds. */
const AGAIN_MS = 20
/** Bytes that a frame of 4 GiB, or the preamble of this protocol, may begin with. */
const DRIP = Uint8Array.of(0x48, 0x46, 0x53, 0x54, 0x01, 0, 0, 4, 0)

export interface Crowd {
  /** How many connections it has opened. */
  readonly dialled: number
  stop(): void
}

interface Place {
  readonly address: string
  readonly size: number
}

/** Many sockets that stay open and say a byte now and then; who is cut off comes again. */
export function slowloris({ address, size }: Place): Crowd {
  return new SocketCrowd({ address, size }, (socket) => {
    let sent = 0
    const timer = setInterval(() => {
      socket.write(DRIP.subarray(sent % DRIP.length, (sent % DRIP.length) + 1))
      sent += 1
    }, DRIP_MS)
    socket.on('close', () => clearInterval(timer))
  })
}

/** Many sockets that say nothing at all, and come again as soon as they are cut off. */
export function flood({ address, size }: Place): Crowd {
  return new SocketCrowd({ address, size }, () => {})
}

/** A member that asks for everything, again and again, and reads nothing. */
export async function deafMember(address: string): Promise<Crowd> {
  const stranger = await (await Stranger.dial(address)).join()
  stranger.pause()
  let asked = 0
  const timer = setInterval(() => {
    asked += 1
    stranger.say({ kind: 'sync.ask', ask: asked, coverage: [], all: true })
  }, 5)
  const stop = () => {
    clearInterval(timer)
    stranger.destroy()
  }
  return { dialled: 1, stop }
}

class SocketCrowd implements Crowd {
  dialled = 0
  readonly #sockets = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #place: Place
  readonly #act: (socket: Socket) => void
  #isStopped = false

  constructor(place: Place, act: (socket: Socket) => void) {
    this.#place = place
    this.#act = act
    for (let each = 0; each < place.size; each++) this.#dial()
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets) socket.destroy()
  }

  #dial(): void {
    this.dialled += 1
    const { hostname, port } = new URL(this.#place.address)
    const from = process.platform === 'linux' ? { localAddress: FOREIGN_ADDRESS } : {}
    const socket = connect({ host: hostname, port: Number(port), ...from })
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('connect', () => this.#act(socket))
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (this.#isStopped) return
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#dial()
      }, AGAIN_MS)
      this.#timers.add(timer)
    })
  }
}
