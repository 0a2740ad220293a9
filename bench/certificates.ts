/** An authority of one's own for a measurement, and one certificate that all its peers share. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsCertificates } from 'holdfast/transport'

/** How long the certificates hold, in days. */
const DAYS = '2'

/** Makes them by the `openssl` of this machine; undefined where there is none. */
export function makeCertificates(): TlsCertificates | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout']
  try {
    const authority = ['-days', DAYS, '-subj', '/CN=authority', '-out', at('ca.pem')]
    openssl('req', '-x509', ...key, at('ca-key.pem'), ...authority)
    openssl('req', ...key, at('key.pem'), '-subj', '/CN=peer', '-out', at('request.pem'))
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n')
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial']
    const about = ['-days', DAYS, '-extfile', at('names'), '-out', at('cert.pem')]
    openssl('x509', '-req', '-in', at('request.pem'), ...signed, ...about)
    const text = (name: string) => readFileSync(at(name), 'utf8')
    return { ca: text('ca.pem'), cert: text('cert.pem'), key: text('key.pem') }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
