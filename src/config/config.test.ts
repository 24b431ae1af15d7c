import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'
import { readSettings, SETTINGS } from './env.ts'

describe('settings', () => {
  test('without any there are usable defaults', () => {
    const config = loadConfig({})
    assert.deepEqual([config.port, config.host], [8080, '127.0.0.1'])
    assert.match(config.dataDir, /^\/.*\/data$/)
    assert.equal(config.databaseUrl, undefined)
    assert.deepEqual(config.firstUser, { id: 'admin', pat: undefined, email: undefined, password: undefined })
    assert.ok(config.workers >= 1)
    assert.equal(config.requestBytesMax, 256 * 1024 * 1024)
    assert.ok(Object.isFrozen(config))
  })

  test('flags win over the environment, the environment over defaults, and empty means unset', () => {
    assert.equal(loadConfig({ PORT: '1' }, { port: '2' }).port, 2)
    assert.equal(loadConfig({ PORT: '1' }).port, 1)
    assert.equal(loadConfig({ PORT: '' }).port, 8080)
    assert.equal(readSettings({ UNRELATED: 'x' }).port, '8080')
  })

  test('every setting is read from its own variable and explained', () => {
    const variables = Object.values(SETTINGS).map((setting) => setting.env)
    assert.equal(new Set(variables).size, variables.length)
    for (const [name, setting] of Object.entries(SETTINGS)) {
      assert.equal(readSettings({ [setting.env]: 'given' })[name as keyof typeof SETTINGS], 'given')
      assert.ok(setting.help.length > 5)
    }
  })

  const refuses = (env: NodeJS.ProcessEnv, message: RegExp) =>
    assert.throws(
      () => loadConfig(env),
      (error) => error instanceof ConfigError && message.test(error.message),
    )

  test('what makes no sense is refused with the name of the setting and what to write', () => {
    refuses({ PORT: '-1' }, /^PORT: '-1' .*0 to 65535/)
    refuses({ PORT: '65536' }, /PORT/)
    refuses({ PORT: '80.5' }, /PORT/)
    refuses({ PORT: 'http' }, /PORT/)
    refuses({ LIMPID_JSON_NAMES: 'kebab' }, /camel or snake/)
    refuses({ LIMPID_LOG: 'loud' }, /LIMPID_LOG.*info/)
    refuses({ LIMPID_MODEL_PULL: 'yes' }, /on or off/)
    refuses({ LIMPID_WORKERS: '65' }, /LIMPID_WORKERS/)
    refuses({ LIMPID_MODEL_MEMORY_MB: '1' }, /LIMPID_MODEL_MEMORY_MB/)
    refuses({ LIMPID_RATE_LIMIT: 'none' }, /LIMPID_RATE_LIMIT/)
    refuses({ LIMPID_REQUEST_MB: '0' }, /LIMPID_REQUEST_MB/)
    refuses({ LIMPID_BLOBS: 's3' }, /LIMPID_BLOBS/)
    refuses({ DATABASE_URL: 'mysql://x' }, /postgres:/)
    refuses({ LIMPID_PUBLIC_URL: 'https://x.org/path' }, /origin/)
    refuses({ LIMPID_TLS_CERT: 'c.pem' }, /go together/)
    refuses({ LIMPID_TLS_KEY: 'k.pem' }, /go together/)
  })

  test('a refused token is not repeated', () => {
    refuses({ LIMPID_PAT: 'short' }, /LIMPID_PAT/)
    refuses({ LIMPID_PAT: 'has blanks in it' }, /^(?!.*has blanks)/)
  })

  test('values are converted to what the program uses', () => {
    const config = loadConfig({
      LIMPID_FETCH_ALLOW: ' example.org, ,10.0.0.0/8 ',
      LIMPID_TLS_CERT: 'c.pem',
      LIMPID_TLS_KEY: 'k.pem',
      LIMPID_MODEL_MEMORY_MB: '16',
      LIMPID_WORKERS: '3',
      LIMPID_MODEL_PULL: 'off',
      LIMPID_PUBLIC_URL: 'https://ai.example.org',
      DATABASE_URL: 'postgresql://db/x',
      LIMPID_DATA_DIR: '/var/lib/limpid',
    })
    assert.deepEqual(config.fetchAllow, ['example.org', '10.0.0.0/8'])
    assert.deepEqual(config.tls, { certFile: 'c.pem', keyFile: 'k.pem' })
    assert.deepEqual([config.modelBytesMax, config.workers, config.modelPull], [16 * 1024 * 1024, 3, false])
    assert.deepEqual([config.publicUrl, config.databaseUrl], ['https://ai.example.org', 'postgresql://db/x'])
    assert.equal(config.dataDir, '/var/lib/limpid')
  })
})
