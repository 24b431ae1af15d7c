import yauzl from 'yauzl'

/** The files of a zip archive by name, in their order. */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const zip = await yauzl.fromBufferPromise(Buffer.from(bytes), { lazyEntries: true })
  const files = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    const parts = await Array.fromAsync((await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
    files.set(entry.fileName, Buffer.concat(parts))
  }
  return files
}
