import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Gate,
  judgeVisit,
  makeToken,
  securityHeaders,
  type Visit,
  visitOf,
} from '../../inspector/guard.ts'

const PORT = 4_321
const TOKEN = makeToken()
const GATE: Gate = { token: TOKEN, port: PORT }

/** What the user's own browser sends when he opens the address that he was shown. */
const OPENED: Visit = {
  method: 'GET',
  url: `/?token=${TOKEN}`,
  headers: { host: `127.0.0.1:${PORT}`, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
  remoteAddress: '127.0.0.1',
}

/** The same visit with other headers beside, or instead. */
function visit(headers: Visit['headers'], other: Partial<Visit> = {}): Visit {
  return { ...OPENED, ...other, headers: { ...OPENED.headers, ...headers } }
}

function reasonOf(visit: Visit, gate = GATE): string {
  const admission = judgeVisit(visit, gate)
  return admission.isAllowed ? 'allowed' : `${admission.status} ${admission.reason}`
}

const guard = suite('guard: who is let in')

guard('the user who opens the address, by each name of loopback', () => {
  assert.is(reasonOf(OPENED), 'allowed')
  for (const host of ['127.0.0.1', '[::1]', 'localhost', 'LOCALHOST']) {
    assert.is(reasonOf(visit({ host: `${host}:${PORT}` })), 'allowed', host)
  }
  for (const remoteAddress of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    assert.is(reasonOf({ ...OPENED, remoteAddress }), 'allowed', remoteAddress)
  }
})

guard('what the page itself asks for', () => {
  const origin = `http://127.0.0.1:${PORT}`
  const own = { origin, 'sec-fetch-site': 'same-origin' }
  assert.is(reasonOf(visit(own, { url: `/events?token=${TOKEN}` })), 'allowed')
  const bearer = { ...own, authorization: `Bearer ${TOKEN}` }
  assert.is(reasonOf(visit(bearer, { url: '/events', method: 'HEAD' })), 'allowed')
  const socket = { ...own, 'sec-websocket-protocol': `holdfast.1, token.${TOKEN}` }
  assert.is(reasonOf(visit(socket, { url: '/socket' })), 'allowed')
})

guard('a program of this machine that says no more than it must', () => {
  const headers = { host: `localhost:${PORT}`, authorization: `Bearer ${TOKEN}` }
  assert.is(reasonOf({ ...OPENED, url: '/', headers }), 'allowed')
})

guard('the url of a visit comes taken apart', () => {
  const admission = judgeVisit({ ...OPENED, url: `/a/../b?token=${TOKEN}&c=1` }, GATE)
  assert.ok(admission.isAllowed)
  assert.is(admission.url.pathname, '/b')
  assert.is(admission.url.searchParams.get('c'), '1')
})

guard.run()

const attacks = suite('guard: attacks')

// Each of these knows the token, as if it had leaked, so each shows its own rule and no other.
for (const [name, attack, reason] of [
  ['a hostile page fetches', visit({ origin: 'https://evil.example' }), '403 origin'],
  ['a sandboxed frame fetches', visit({ origin: 'null' }), '403 origin'],
  [
    'a page of another port of this machine fetches',
    visit({ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }),
    '403 origin',
  ],
  ['a page of the same name, but over TLS', visit({ origin: `https://127.0.0.1:${PORT}` }), ''],
  [
    'a page that was opened by another name of loopback',
    visit({ origin: `http://localhost:${PORT}` }),
    '403 origin',
  ],
  [
    'an image, script or frame of a hostile page, which sends no origin',
    visit({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
    '403 site',
  ],
  [
    'a script tag of a page on another port',
    visit({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }),
    '403 site',
  ],
  [
    'an EventSource of a hostile page',
    visit({ origin: 'https://evil.example', accept: 'text/event-stream' }),
    '403 origin',
  ],
  [
    'a WebSocket of a hostile page',
    visit({
      origin: 'https://evil.example',
      upgrade: 'websocket',
      'sec-websocket-protocol': `token.${TOKEN}`,
    }),
    '403 origin',
  ],
  [
    'a rebound name, which makes the hostile page same-origin',
    visit({
      host: `evil.example:${PORT}`,
      origin: `http://evil.example:${PORT}`,
      'sec-fetch-site': 'same-origin',
    }),
    '421 host',
  ],
  ['a name that begins like ours', visit({ host: `127.0.0.1.evil.example:${PORT}` }), '421 host'],
  ['a name that ends in a dot', visit({ host: `localhost.:${PORT}` }), '421 host'],
  ['a user name that looks like ours', visit({ host: `localhost:${PORT}@evil` }), '421 host'],
  ['the right name without the port', visit({ host: '127.0.0.1' }), '421 host'],
  ['the port of another server', visit({ host: '127.0.0.1:80' }), '421 host'],
  ['no host at all', visit({ host: undefined }), '421 host'],
  ['the host of the network', visit({ host: `192.168.1.7:${PORT}` }), '421 host'],
  ['a form of a hostile page', visit({ origin: 'null' }, { method: 'POST' }), '403 origin'],
  ['a form that hides its origin', visit({}, { method: 'POST' }), '405 method'],
  ['a preflight', visit({}, { method: 'OPTIONS' }), '405 method'],
  ['a request of another machine', { ...OPENED, remoteAddress: '192.168.1.7' }, '403 remote'],
  ['an address that contains ours', { ...OPENED, remoteAddress: '1270.0.0.1' }, '403 remote'],
  ['a socket that is gone', { ...OPENED, remoteAddress: undefined }, '403 remote'],
  ['a whole url', { ...OPENED, url: `http://evil.example/?token=${TOKEN}` }, '400 url'],
  ['a url of another host', { ...OPENED, url: `//evil.example/?token=${TOKEN}` }, '400 url'],
  ['an endless url', { ...OPENED, url: `/${'a'.repeat(2_048)}?token=${TOKEN}` }, '400 url'],
] as const) {
  attacks(`${name} is refused`, () => {
    assert.is(reasonOf(attack), reason || '403 origin')
  })
}

attacks('who does not know the token is refused, in each way to say it', () => {
  const wrong = makeToken()
  const cases: readonly Visit[] = [
    { ...OPENED, url: '/' },
    { ...OPENED, url: '/?token=' },
    { ...OPENED, url: `/?token=${wrong}` },
    { ...OPENED, url: `/?token=${TOKEN.slice(0, -1)}` },
    { ...OPENED, url: `/?token=${TOKEN}&token=${wrong}` },
    visit({ authorization: `Bearer ${wrong}` }, { url: '/' }),
    visit({ authorization: `Basic ${TOKEN}` }, { url: '/' }),
    visit({ 'sec-websocket-protocol': TOKEN }, { url: '/' }),
    visit({ cookie: `token=${TOKEN}` }, { url: '/' }),
    // Right in one place and wrong in another one.
    visit({ authorization: `Bearer ${wrong}` }),
  ]
  for (const each of cases) assert.is(reasonOf(each), '401 token', JSON.stringify(each))
})

attacks('a gate whose token can be guessed lets nobody in', () => {
  for (const token of ['', 'letmein', 'a'.repeat(21)]) {
    assert.is(reasonOf({ ...OPENED, url: `/?token=${token}` }, { token, port: PORT }), '401 token')
  }
  const tokens = new Set(Array.from({ length: 100 }, makeToken))
  assert.is(tokens.size, 100)
  for (const token of tokens) assert.match(token, /^[\w-]{43}$/)
})

attacks.run()

const served = suite('guard: a real server behind it')

/** Serves one secret to whom the guard lets in. */
async function serve(): Promise<{ server: Server; port: number; token: string }> {
  const token = makeToken()
  const server = createServer((asked, answer) => {
    const { port } = server.address() as AddressInfo
    const admission = judgeVisit(visitOf(asked), { token, port })
    answer.writeHead(admission.isAllowed ? 200 : admission.status, securityHeaders())
    answer.end(admission.isAllowed ? 'the values' : undefined)
  })
  // A check that fails leaves it open, which shall not keep the process alive.
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, token }
}

async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += chunk
  return { status: answer.statusCode ?? 0, text, headers: answer.headers }
}

served('shows the values to the user and to nobody else', async () => {
  const { server, port, token } = await serve()
  const path = `/?token=${token}`
  assert.is((await ask(port, path)).text, 'the values')
  const evil = `evil.example:${port}`
  for (const [status, headers, method] of [
    [421, { host: evil, origin: `http://${evil}`, 'sec-fetch-site': 'same-origin' }, 'GET'],
    [403, { origin: 'https://evil.example', accept: 'text/event-stream' }, 'GET'],
    [403, { 'sec-fetch-site': 'cross-site' }, 'GET'],
    [405, { 'content-type': 'text/plain' }, 'POST'],
  ] as const) {
    const answer = await ask(port, path, headers as Record<string, string>, method)
    assert.is(answer.status, status)
    assert.is(answer.text, '')
    // Without this header no page of another origin may read the answer.
    assert.is(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.is((await ask(port, '/')).status, 401)
  server.close()
})

served('the headers let the page load nothing from elsewhere, and nobody frame it', async () => {
  const { server, port } = await serve()
  const { headers } = await ask(port, '/')
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /^default-src 'none';/)
  for (const part of ["form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) {
    assert.ok(policy.split('; ').includes(part), part)
  }
  assert.not.match(policy, /unsafe|https?:|\*/)
  assert.is(headers['referrer-policy'], 'no-referrer')
  assert.is(headers['x-content-type-options'], 'nosniff')
  assert.is(headers['cache-control'], 'no-store')
  server.close()
})

served('an inline script is allowed by its hash and by nothing else', () => {
  const policy = String(
    securityHeaders({ scripts: ['alert(1)'], styles: ['b{}'] })['Content-Security-Policy'],
  )
  // As `openssl dgst -sha256 -binary | base64` says of the same text.
  assert.match(policy, "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='")
  assert.match(policy, "style-src 'self' 'sha256-")
})

served.run()
