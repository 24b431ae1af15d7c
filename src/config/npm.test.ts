import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { npmSettings } from './npm.ts'

test('what npm says of its registry is taken, what it leaves empty is not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'limpid-npm-'))
  try {
    const cafile = join(dir, 'ca.pem')
    writeFileSync(cafile, 'certificate')
    const env = {
      npm_config_registry: 'https://mirror.example/npm/',
      npm_config_https_proxy: 'http://proxy.example:3128',
      npm_config_noproxy: '',
      npm_config_cafile: cafile,
      npm_config_strict_ssl: 'false',
    }
    assert.deepEqual(npmSettings(env), {
      registry: 'https://mirror.example/npm/',
      httpsProxy: 'http://proxy.example:3128',
      ca: 'certificate',
      strictSSL: false,
    })
    assert.deepEqual(npmSettings({ npm_config_cafile: join(dir, 'absent.pem') }), {})
    assert.deepEqual(npmSettings({}), {})
  } finally {
    rmSync(dir, { recursive: true })
  }
})
