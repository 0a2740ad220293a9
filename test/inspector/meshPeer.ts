/** One process of the mesh that the page shows: does what it is told, one line at a time. */
import { createInterface } from 'node:readline'
import { openDictionary } from '../../index.ts'
import { reportTo } from '../../inspector/index.ts'

const [peerId = '', url = '', ...join] = process.argv.slice(2)
const report = reportTo({ url, name: `process of ${peerId}`, values: true })
const dictionary = await openDictionary({
  peerId,
  join,
  listen: ['tcp://127.0.0.1:0'],
  inspect: report.inspect,
})

const verbs: Record<string, (...words: string[]) => unknown> = {
  connect: (address) => dictionary.connect(String(address)),
  disconnect: (peer) => dictionary.disconnect(String(peer)),
  set: (key, value, leaseMs) =>
    dictionary.set(String(key), JSON.parse(String(value)), {
      leaseMs: Number(leaseMs ?? 3_600_000),
    }).token,
  acquire: async (key, leaseMs) =>
    (await dictionary.acquire(String(key), { leaseMs: Number(leaseMs) })).token,
  size: () => dictionary.size,
  close: async () => {
    await dictionary.close()
    report.close()
    lines.close()
  },
}

const lines = createInterface({ input: process.stdin })
process.stdout.write(`${dictionary.listening[0]}\n`)
lines.on('line', async (line) => {
  const [verb = '', ...words] = line.split(' ')
  try {
    const result = await verbs[verb]?.(...words)
    process.stdout.write(`${String(result)}\n`)
  } catch (error) {
    process.stdout.write(`${(error as { code?: string }).code ?? error}\n`)
  }
})
