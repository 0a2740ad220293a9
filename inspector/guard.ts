/**
 * Who may see a page that this machine serves to itself.
 *
 * A server on loopback is not private: every web page that the user has open can send requests to
 * it, and so can every program of every user of the machine. So a request is let in only when all
 * of this holds, each against an attack of its own:
 *
 * - it comes from this machine (`remote`): a server that was bound too widely shows nothing;
 * - it is addressed to loopback by name (`host`): a name of somebody else's that was pointed to
 *   127.0.0.1 (DNS rebinding) makes a hostile page same-origin with ours, but it stands in `Host`;
 * - no page of another origin sent it (`origin`, `site`): fetches, sockets, event streams, frames,
 *   forms and links of other pages, also of pages on other ports of this machine;
 * - it only reads (`method`);
 * - it carries the token (`token`), which only he knows who was shown the address.
 *
 * The token is never taken from a cookie: cookies do not tell ports apart, so every other server on
 * this machine would be sent it, and it would come with requests that nobody meant.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** How long a token is, before it is written as text. Bytes. */
const TOKEN_BYTES = 32

/** A gate with a shorter token lets nobody in. 22 characters of base64url are 128 bits. */
const TOKEN_CHARS_MIN = 22

/** The longest path and query that are looked at. */
const URL_CHARS_MAX = 2_048

/** A WebSocket client in a page can send no header but this one, so the token may stand here. */
const PROTOCOL_PREFIX = 'token.'

/** One request, as far as the guard looks at it. */
export interface Visit {
  readonly method: string | undefined
  /** Path and query, as the request line has them. */
  readonly url: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The address of the other end of the socket. */
  readonly remoteAddress: string | undefined
}

/** What the guard compares with. */
export interface Gate {
  /** What a visitor has to know, from `makeToken`. With fewer than 22 characters nobody gets in. */
  readonly token: string
  /** The port that the server is bound to. */
  readonly port: number
}

/** Why a visit was refused: which of the rules at the top of this file it broke. */
export type RefusalReason = 'remote' | 'url' | 'host' | 'origin' | 'site' | 'method' | 'token'

export interface Refusal {
  readonly isAllowed: false
  /** The HTTP status to answer with. */
  readonly status: number
  readonly reason: RefusalReason
}

export type Admission = { readonly isAllowed: true; readonly url: URL } | Refusal

/**
 * Decides about one request: let in, with its URL taken apart, or refused, with status and reason.
 * It looks at nothing but its arguments, and is for plain requests, event streams and WebSocket
 * upgrades alike.
 *
 * The token is read from `Authorization: Bearer …`, from the query (`?token=…`), and from the
 * WebSocket protocol `token.…`; if it stands in several places all have to be right.
 *
 * @example
 * const admission = judgeVisit(visitOf(request), { token, port })
 * if (!admission.isAllowed) response.writeHead(admission.status, securityHeaders()).end()
 */
export function judgeVisit(visit: Visit, gate: Gate): Admission {
  const { headers } = visit
  if (!isLoopback(visit.remoteAddress)) return refusal(403, 'remote')
  const host = one(headers.host)?.toLowerCase()
  if (host === undefined || !hostsOf(gate).includes(host)) return refusal(421, 'host')
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${host}`) return refusal(403, 'origin')
  // `none` is what the user typed or chose himself. A browser that is too old to say so still
  // says `Origin` wherever a page could read the answer.
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return refusal(403, 'site')
  if (visit.method !== 'GET' && visit.method !== 'HEAD') return refusal(405, 'method')
  const url = urlOf(visit, host)
  if (url === undefined) return refusal(400, 'url')
  return isTokenRight(tokensOf(url, headers), gate.token)
    ? { isAllowed: true, url }
    : refusal(401, 'token')
}

/** What the guard looks at of a request of `node:http`, an upgrade included. */
export function visitOf({ method, url, headers, socket }: IncomingMessage): Visit {
  return { method, url, headers, remoteAddress: socket.remoteAddress }
}

/** A fresh token of 256 bits, as text that needs no escape in a URL. */
export function makeToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/** What a page consists of that is written into it. */
export interface Inline {
  /** The texts of its `<script>` elements, to the letter. */
  readonly scripts?: readonly string[]
  /** The texts of its `<style>` elements, to the letter. */
  readonly styles?: readonly string[]
}

/**
 * The headers for every answer, refusals included. Nothing is loaded from elsewhere, only scripts
 * run that are named here or come from this server, nobody may frame the page, and the address,
 * which has the token in it, is told to nobody and kept nowhere.
 *
 * @example response.writeHead(200, { ...securityHeaders({ scripts: [code] }), ...contentType })
 */
export function securityHeaders({
  scripts = [],
  styles = [],
}: Inline = {}): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `script-src ${["'self'", ...scripts.map(hashOf)].join(' ')}`,
    `style-src ${["'self'", ...styles.map(hashOf)].join(' ')}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cache-Control': 'no-store',
  }
}

/** By these names a browser reaches loopback without asking a name server. */
function hostsOf({ port }: Gate): readonly string[] {
  return ['127.0.0.1', '[::1]', 'localhost'].map((name) => `${name}:${port}`)
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}

/** A whole URL in the request line is for proxies, and could name a host beside `Host`. */
function urlOf({ url }: Visit, host: string): URL | undefined {
  if (url === undefined || url.length > URL_CHARS_MAX) return undefined
  if (!url.startsWith('/') || url.startsWith('//')) return undefined
  const whole = `http://${host}${url}`
  return URL.canParse(whole) ? new URL(whole) : undefined
}

function tokensOf(url: URL, headers: Visit['headers']): readonly string[] {
  const bearer = one(headers.authorization)?.match(/^Bearer +(\S+)$/i)?.[1]
  const protocols = one(headers['sec-websocket-protocol'])?.split(',') ?? []
  return [
    ...url.searchParams.getAll('token'),
    ...(bearer === undefined ? [] : [bearer]),
    ...protocols
      .map((protocol) => protocol.trim())
      .filter((protocol) => protocol.startsWith(PROTOCOL_PREFIX))
      .map((protocol) => protocol.slice(PROTOCOL_PREFIX.length)),
  ]
}

/** Hashes have one length, so the comparison takes as long for every guess. */
function isTokenRight(tokens: readonly string[], expected: string): boolean {
  if (expected.length < TOKEN_CHARS_MIN || tokens.length === 0) return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return tokens.every((token) => timingSafeEqual(digest(token), digest(expected)))
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function refusal(status: number, reason: RefusalReason): Refusal {
  return { isAllowed: false, status, reason }
}
