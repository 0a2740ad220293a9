/** Friends and strangers at a TLS port. */

import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { WireRecorder } from '../../transport/acceptanceScene.ts'
import type { Wire, WireEnd } from '../../transport/ports.ts'
import { type TlsOptions, tlsTransport } from '../../transport/tls.ts'
import type { TlsCertificates } from '../../transport/tlsCertificates.ts'
import { portOf, until } from './sockets.ts'

/** The secret of a network, of 256 bits. */
export const SECRET = new Uint8Array(32).fill(7)
export const OTHER_SECRET = new Uint8Array(32).fill(8)

export const LAB: TlsOptions = { network: 'lab', secrets: [SECRET] }

/** One of the files that `certificates/make.sh` made. */
export function pem(name: string): string {
  return readFileSync(new URL(`./certificates/${name}.pem`, import.meta.url), 'utf8')
}

/** The certificate of somebody, who trusts an authority. */
export function certificatesOf(name: string, authority = 'authority'): TlsCertificates {
  return { ca: pem(authority), cert: pem(name), key: pem(`${name}-key`) }
}

/** A listener that accepts everybody whom TLS lets in, and what became of each. */
export interface Door {
  readonly address: string
  readonly port: number
  readonly accepted: readonly WireRecorder[]
  readonly wires: readonly Wire[]
  /** Waits until somebody's wire has ended, and says how. */
  ended(index?: number): Promise<WireEnd>
  close(): void
}

export async function openDoor(options: TlsOptions): Promise<Door> {
  const accepted: WireRecorder[] = []
  const wires: Wire[] = []
  let address = ''
  const listener = tlsTransport(options).listen('tls://127.0.0.1:0', {
    listening: (bound) => {
      address = bound
    },
    accepted: (wire) => {
      const recorder = new WireRecorder('the listener')
      recorder.isEarly = false
      accepted.push(recorder)
      wires.push(wire)
      return recorder
    },
    failed: ({ detail }) => assert.unreachable(detail),
  })
  await until(() => address !== '')
  return {
    address,
    port: portOf(address),
    accepted,
    wires,
    async ended(index = 0) {
      await until(() => accepted[index]?.isEnded === true)
      return accepted[index]?.end as WireEnd
    },
    close() {
      listener.close()
      for (const wire of wires) wire.destroy()
    },
  }
}

/** Dials, and waits until the wire is open or has ended. */
export async function call(
  address: string,
  options: TlsOptions,
): Promise<{ wire: Wire; heard: WireRecorder }> {
  const heard = new WireRecorder('the dialler')
  const wire = tlsTransport(options).dial(address, heard)
  heard.isEarly = false
  await until(() => heard.openedCount > 0 || heard.isEnded)
  return { wire, heard }
}

/** What both ends say of a dial that must not open. */
export async function refusalOf(door: TlsOptions, dialler: TlsOptions) {
  const there = await openDoor(door)
  const { heard } = await call(there.address, dialler)
  await until(() => heard.isEnded)
  const end = await there.ended()
  there.close()
  assert.is(there.accepted[0]?.openedCount, 0, 'the acceptor opened')
  assert.is(heard.openedCount, 0, 'the dialler opened')
  return { dialler: heard.end?.code, acceptor: end.code }
}
