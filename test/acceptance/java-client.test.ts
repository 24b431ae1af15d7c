// The official Java client: a class of checks in test/acceptance/java against a started server. It runs where
// LIMPID_TEST_JAVA names the folder in which Maven built it (`mvn package` there; .ci/run does so in a copy).
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { makeCertificate } from './kit/certificate.ts'
import { PHOTOS } from './kit/crops.ts'
import { PHOTO_FILE } from './kit/photo.ts'
import { PAT, startLimpid } from './kit/server.ts'

const BUILT = process.env.LIMPID_TEST_JAVA
const TRUST_PASSWORD = 'changeit'
const run = promisify(execFile)

test('Java', { skip: !BUILT && 'LIMPID_TEST_JAVA names no folder with the built Java checks' }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-java-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { certFile, keyFile } = await makeCertificate(folder)
  const trusted = join(folder, 'trusted.p12')
  await run('keytool', [
    '-importcert',
    '-noprompt',
    ...['-alias', 'limpid', '-file', certFile, '-keystore', trusted, '-storepass', TRUST_PASSWORD],
  ])
  const other = join(folder, 'platform.jpg')
  await writeFile(other, PHOTOS.platform)
  await using limpid = await startLimpid({ env: { LIMPID_TLS_CERT: certFile, LIMPID_TLS_KEY: keyFile } })
  const { stdout } = await run(
    'java',
    [
      `-Djavax.net.ssl.trustStore=${trusted}`,
      `-Djavax.net.ssl.trustStorePassword=${TRUST_PASSWORD}`,
      ...['-cp', `${BUILT}/target/classes:${BUILT}/target/lib/*`, 'Checks'],
    ],
    {
      env: {
        PATH: process.env.PATH,
        LIMPID_TARGET: `${limpid.host}:${limpid.port}`,
        LIMPID_PAT: PAT,
        LIMPID_PHOTO: PHOTO_FILE,
        LIMPID_OTHER_PHOTO: other,
      },
    },
  )
  const lines = stdout.split('\n').filter(Boolean)
  assert.ok(lines.length > 0, 'no check ran')
  for (const line of lines) {
    await t.test(line.replace(/^(ok|failed) /, ''), () => assert.match(line, /^ok /))
  }
})
