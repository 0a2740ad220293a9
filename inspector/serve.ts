/** Serves the page that shows what goes on, to this machine only. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { InspectionEvent } from 'xstate'
import { HoldfastError } from '../machines/rules/errors.ts'
import { loadAssets } from './assets.ts'
import { documentOf } from './document.ts'
import { type Gate, judgeVisit, makeToken, securityHeaders, visitOf } from './guard.ts'
import { Ledger } from './ledger.ts'
import { Observer } from './observer.ts'
import { refuse, Sources } from './sources.ts'

/** Requests that are slower than this are no page of ours. Milliseconds. */
const REQUEST_MS_MAX = 10_000
/** This process among those that are shown. */
const OWN_SOURCE = 'here'

export interface InspectorOptions {
  /** Where the page is served, on 127.0.0.1; 0, the default, lets the system choose. */
  readonly port?: number
  /** True to show the values of the dictionary and what events carry. Default false: by kind. */
  readonly values?: boolean
  /** What this process is called on the page. Default: `process` and its number. */
  readonly name?: string
  /**
   * Web pages of your own that may report here with `createWebSocketInspector`, by their origin:
   * `http://localhost:5173`. Default none.
   */
  readonly origins?: readonly string[]
}

export interface Inspector {
  /**
   * What to open in a browser, and where `reportTo` reports. It holds the token: whoever has it
   * sees what you see.
   */
  readonly url: string
  /** Where other processes report with `createWebSocketInspector({ url })`. */
  readonly socketUrl: string
  /** For `openDictionary({ inspect })` and `createActor(logic, { inspect })`. */
  readonly inspect: (event: InspectionEvent) => void
  /** Ends the server and all that is connected to it. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves a page on loopback that shows dictionaries, peers, statecharts and events live. Nothing is
 * loaded from the internet.
 *
 * Rejects with `OPTION_INVALID`, `ADDRESS_IN_USE` or `LISTEN_FAILED`.
 *
 * @example
 * const inspector = await serveInspector()
 * console.log(inspector.url)
 * const dictionary = await openDictionary({ inspect: inspector.inspect })
 */
export async function serveInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { port, values, name, origins } = checked(options)
  const ledger = new Ledger({ values })
  const sources = new Sources((given) => ledger.open(given))
  const server = createServer({ requestTimeout: REQUEST_MS_MAX })
  const gate = { token: makeToken(), port: await listen(server, port) }
  server.on('request', (request, response) => void answer({ request, response, gate, ledger }))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const admission = judgeVisit(withoutOrigin(visitOf(request), origins), gate)
    if (admission.isAllowed) void sources.admit({ request, socket, head }, admission.url)
    else refuse(socket, `${admission.status} Refused`)
  })
  ledger.tellSource(OWN_SOURCE, { name, isLive: true })
  const tell = ledger.post.bind(ledger, OWN_SOURCE)
  const observer = new Observer({ values, tell })
  const close = async () => {
    observer.close()
    ledger.audience.close()
    sources.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const place = `127.0.0.1:${gate.port}/?token=${gate.token}`
  return {
    url: `http://${place}`,
    socketUrl: `ws://${place}`,
    inspect: observer.inspect,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function checked(options: InspectorOptions): Required<InspectorOptions> {
  const { port = 0, values = false, name = `process ${process.pid}`, origins = [] } = options
  const faults = {
    port: Number.isInteger(port) && port >= 0 && port < 65_536,
    values: typeof values === 'boolean',
    name: typeof name === 'string' && name.length <= 100,
    origins: Array.isArray(origins) && origins.every((origin) => typeof origin === 'string'),
  }
  for (const [option, isRight] of Object.entries(faults)) {
    if (isRight) continue
    throw new HoldfastError('OPTION_INVALID', `The option '${option}' is not valid.`, { option })
  }
  return { port, values, name, origins }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'LISTEN_FAILED'
      const address = `127.0.0.1:${port}`
      const message = `The inspector cannot listen on ${address}: ${cause.code}.`
      reject(new HoldfastError(code, message, { address, cause }))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** A page that the user named may report; it is no page of ours, so it may do nothing else. */
function withoutOrigin(visit: ReturnType<typeof visitOf>, origins: readonly string[]) {
  const { origin, 'sec-fetch-site': _, ...headers } = visit.headers
  return typeof origin === 'string' && origins.includes(origin) ? { ...visit, headers } : visit
}

interface Question {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly gate: Gate
  readonly ledger: Ledger
}

async function answer({ request, response, gate, ledger }: Question): Promise<void> {
  const admission = judgeVisit(visitOf(request), gate)
  const headers = securityHeaders()
  const send = (status: number, type: string, text: string) =>
    response.writeHead(status, { ...headers, 'Content-Type': `${type}; charset=utf-8` }).end(text)
  if (!admission.isAllowed) {
    return void send(admission.status, 'text/plain', `Refused: ${admission.reason}.\n`)
  }
  switch (admission.url.pathname) {
    case '/':
      return void send(200, 'text/html', documentOf(gate))
    case '/page.js':
      return void send(200, 'text/javascript', (await loadAssets()).script)
    case '/page.css':
      return void send(200, 'text/css', (await loadAssets()).style)
    case '/events':
      if (ledger.audience.isFull) return void send(503, 'text/plain', 'Too many pages are open.\n')
      return ledger.audience.admit(response, headers)
    default:
      return void send(404, 'text/plain', 'There is nothing here.\n')
  }
}
