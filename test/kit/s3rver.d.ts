declare module '@20minutes/s3rver' {
  import type { AddressInfo } from 'node:net'

  /** What tests use of the S3-compatible server, which comes without types. */
  export default class S3rver {
    constructor(options: {
      address: string
      port: number
      silent: boolean
      directory: string
      configureBuckets: { name: string; configs: string[] }[]
    })
    run(): Promise<AddressInfo>
    close(): Promise<void>
  }
}
