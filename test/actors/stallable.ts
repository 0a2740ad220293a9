/** TCP whose wires can be told to stop reading, as if the application were busy for ever. */

import type { Transport, Wire } from '../../transport/ports.ts'
import { tcpTransport } from '../../transport/tcp.ts'

export function stallable(): { transport: Transport; wires: Wire[] } {
  const tcp = tcpTransport()
  const wires: Wire[] = []
  const dial: Transport['dial'] = (address, events) => {
    const wire = tcp.dial(address, events)
    wires.push(wire)
    return wire
  }
  return { transport: { ...tcp, dial }, wires }
}
