/** A server in the middle, in a process of its own: `hub.ts SYSTEM`. It tells its address. */

import { once } from 'node:events'
import { Repo } from '@automerge/automerge-repo'
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { setupWSConnection } from '@y/websocket-server/utils'
import { createWsServer } from 'tinybase/synchronizers/synchronizer-ws-server'
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
const place = once(server, 'listening').then(() => {
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}`
})

/** What each serves, and what is to be known beside the address. */
const HUBS: Readonly<Record<string, () => string>> = {
  'y-websocket': () => {
    server.on('connection', setupWSConnection)
    return ''
  },
  tinybase: () => {
    createWsServer(server)
    return ''
  },
  'automerge-repo': () => {
    const repo = new Repo({ network: [new WebSocketServerAdapter(server as never)] })
    return `#${repo.create({}).url}`
  },
}

console.log = () => {}
process.on('disconnect', () => process.exit())
const detail = HUBS[String(process.argv[2])]?.()
process.send?.(`${await place}${detail}`)
