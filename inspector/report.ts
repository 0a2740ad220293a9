/** Reports what goes on in this process to an inspector that another process serves. */

import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import type { InspectionEvent } from 'xstate'
import { HoldfastError } from '../machines/rules/errors.ts'
import { History } from './history.ts'
import type { Message } from './message.ts'
import { Observer, type Unsourced } from './observer.ts'
import { REPORT_PROTOCOL } from './sources.ts'

/** What is kept while the inspector is not there. */
const HISTORY = { messagesMax: 2_000, charactersMax: 2 * 1024 * 1024 }
/** Between two attempts to reach it. Milliseconds. */
const RETRY_MS = 1_000
/** What may wait to be sent; then the connection is given up, and all told anew. Bytes. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024

export interface ReportOptions {
  /** The `url` of the inspector. */
  readonly url: string
  /** True to tell values; the inspector shows them only if it was asked to as well. */
  readonly values?: boolean
  /** What this process is called on the page. Default: `process` and its number. */
  readonly name?: string
}

export interface Report {
  /** For `openDictionary({ inspect })` and `createActor(logic, { inspect })`. */
  readonly inspect: (event: InspectionEvent) => void
  close(): void
}

/**
 * Reports to an inspector of another process on this machine. If it is not there, or goes away, it
 * is tried again every second; the report does not keep this process running.
 *
 * Throws `OPTION_INVALID` if the address is none.
 *
 * @example
 * const { inspect } = reportTo({ url: process.env.INSPECTOR_URL })
 * const dictionary = await openDictionary({ inspect })
 */
export function reportTo(options: ReportOptions): Report {
  const { values = false, name = `process ${process.pid}` } = options
  if (!URL.canParse(options.url) || new URL(options.url).protocol !== 'http:') {
    throw new HoldfastError('OPTION_INVALID', "The option 'url' is no http:// address.", {
      option: 'url',
    })
  }
  const url = new URL(options.url)
  url.searchParams.set('name', name)
  const line = new Line(url)
  const observer = new Observer({ values, tell: (messages) => line.tell(messages) })
  return {
    inspect: observer.inspect,
    close: () => {
      observer.close()
      line.close()
    },
  }
}

/** The way to the inspector, and what to tell when it opens. */
class Line {
  readonly #url: URL
  readonly #history = new History(HISTORY)
  #socket: Duplex | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(url: URL) {
    this.#url = url
    this.#dial()
  }

  tell(messages: readonly Unsourced[]): void {
    const texts = messages.map((unsourced) => {
      const message = { ...unsourced, source: '' } as Message
      const text = JSON.stringify(message)
      this.#history.add(message, text.length)
      return text
    })
    if (this.#socket === undefined) return
    if (this.#socket.writableLength > BACKLOG_BYTES_MAX) this.#socket.destroy()
    else this.#socket.write(`${texts.join('\n')}\n`)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#socket?.end()
  }

  #dial(): void {
    const headers = { Connection: 'Upgrade', Upgrade: REPORT_PROTOCOL }
    const dial = request(this.#url, { headers })
    const retry = () => {
      this.#socket = undefined
      if (this.#isClosed || this.#retry) return
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#dial()
      }, RETRY_MS).unref()
    }
    dial.on('error', retry)
    dial.on('socket', (socket) => socket.unref())
    dial.on('response', (response) => {
      response.resume()
      retry()
    })
    dial.on('upgrade', (_, socket) => {
      if (this.#isClosed) return void socket.destroy()
      this.#socket = socket
      socket.on('error', () => socket.destroy())
      socket.on('close', retry)
      socket.resume()
      for (const message of this.#history.replay()) socket.write(`${JSON.stringify(message)}\n`)
    })
    dial.end()
  }
}
