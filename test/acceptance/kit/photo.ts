import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

/** Path of a real photo, a man who carries a dog; it comes with an npm package, so no picture lives in the repository. */
export const PHOTO_FILE = join(dirname(findPackageJSON('exif-js', import.meta.url)!), 'example', 'Bush-dog.jpg')

/** Its bytes. */
export const PHOTO = readFileSync(PHOTO_FILE)

/** Its bytes as JSON carries them. */
export const PHOTO_BASE64 = PHOTO.toString('base64')
