/** A TCP address, taken apart. An IPv6 host is without its brackets here. */
export interface TcpAddress {
  readonly host: string
  readonly port: number
}

const PORT_MAX = 65_535
const TCP_ADDRESS = /^tcp:\/\/(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})\/?$/

/** Takes `tcp://host:port` or `tcp://[::1]:port` apart; undefined when it is neither. */
export function parseTcpAddress(address: string): TcpAddress | undefined {
  const match = TCP_ADDRESS.exec(address)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > PORT_MAX) return undefined
  return { host, port }
}

/**
 * Writes an address as a URL: IPv6 in brackets, and an IPv4 client of a socket for both kinds as
 * plain IPv4, so that the same host always has the same spelling.
 */
export function formatTcpAddress({ host, port }: TcpAddress): string {
  const plain = host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host
  return plain.includes(':') ? `tcp://[${plain}]:${port}` : `tcp://${plain}:${port}`
}
