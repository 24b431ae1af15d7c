import { isAppError } from '../base/errors.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { openDiskBlobs } from '../blobs/disk-blob-store.ts'
import { type Config, ConfigError } from '../config/config.ts'

/** Opens the blobs where the settings say they are. What a bucket needs is loaded only for one. */
export async function openBlobs({ bucket, dataDir, blobCacheBytesMax }: Config): Promise<BlobStore> {
  if (!bucket) return openDiskBlobs(dataDir)
  const { openS3Blobs } = await import('../blobs/s3/s3-blob-store.ts')
  try {
    return await openS3Blobs(bucket, dataDir, blobCacheBytesMax)
  } catch (error) {
    throw new ConfigError(
      `LIMPID_BLOBS: the bucket ${bucket.bucket} cannot be used: ${isAppError(error) ? error.details : error}`,
      {
        cause: error,
      },
    )
  }
}
