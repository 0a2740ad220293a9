/** A TCP address, taken apart. An IPv6 host is without its brackets here. */
export interface TcpAddress {
  readonly host: string
  readonly port: number
}

/** The carriers whose addresses are a host and a port. */
export type TcpScheme = 'tcp' | 'tls'

const PORT_MAX = 65_535
const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})\/?$/

/** Takes `tcp://host:port` or `tcp://[::1]:port` apart; undefined when it is neither. */
export function parseTcpAddress(
  address: string,
  scheme: TcpScheme = 'tcp',
): TcpAddress | undefined {
  const start = `${scheme}://`
  if (!address.startsWith(start)) return undefined
  const match = HOST_AND_PORT.exec(address.slice(start.length))
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > PORT_MAX) return undefined
  return { host, port }
}

/**
 * Writes an address as a URL: IPv6 in brackets, and an IPv4 client of a socket for both kinds as
 * plain IPv4, so that the same host always has the same spelling.
 */
export function formatTcpAddress({ host, port }: TcpAddress, scheme: TcpScheme = 'tcp'): string {
  const plain = host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host
  return plain.includes(':') ? `${scheme}://[${plain}]:${port}` : `${scheme}://${plain}:${port}`
}
