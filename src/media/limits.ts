const MIB = 1024 * 1024

/** Largest encoded image, in bytes. */
export const MAX_IMAGE_BYTES = 20 * MIB
/** Largest text, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 20 * MIB
/** Largest encoded audio, in bytes. */
export const MAX_AUDIO_BYTES = 20 * MIB
/** Largest video sent inside a request, in bytes. */
export const MAX_VIDEO_BYTES = 128 * MIB
/** Largest video fetched by URL, in bytes. */
export const MAX_VIDEO_URL_BYTES = 300 * MIB

/** Largest image, in pixels of one frame. */
export const MAX_IMAGE_PIXELS = 85_000_000
/** Most frames or pages an animated or multi-page image may announce; only the first one is used. */
export const MAX_IMAGE_FRAMES = 2_000
/** Crops of larger images are cut from a copy reduced to at most this many pixels (3 bytes each stay in memory). */
export const MAX_WORKING_PIXELS = 24_000_000
/** Longest side a caller may ask a resized image to have, in pixels. */
export const MAX_TARGET_SIDE = 4_096
/** Longest side of a mask that is answered, in pixels. */
export const MAX_MASK_SIDE = 1_024
/** Resized copies kept per image; the oldest goes first. */
export const MAX_CACHED_SIZES = 12

/** Longest video that is analysed, in milliseconds. */
export const MAX_VIDEO_MS = 600_000
/** Most frames sampled from one video. */
export const MAX_VIDEO_FRAMES = 6_000
/** Largest frame of a video, in pixels (8K). */
export const MAX_VIDEO_FRAME_PIXELS = 7_680 * 4_320
/** Longest side of a frame handed to models, in pixels; larger frames are reduced while they are converted. */
export const MAX_VIDEO_FRAME_SIDE = 1_920
/** Most packets read from one video or audio file, against tables that repeat the same bytes for ever. */
export const MAX_MEDIA_PACKETS = 300_000
/** Most streams looked at in one file. */
export const MAX_MEDIA_STREAMS = 32
/** Shortest sampling interval of a video, in milliseconds. */
export const MIN_SAMPLE_MS = 100
/** Longest sampling interval of a video, in milliseconds. */
export const MAX_SAMPLE_MS = 60_000
/** Sampling interval of a video when the caller names none, in milliseconds. */
export const DEFAULT_SAMPLE_MS = 1_000

/** Longest audio that is decoded, in seconds. */
export const MAX_AUDIO_SECONDS = 1_800
/** Sample rates that audio may have, in hertz; the filter that brings others to our rate would take minutes to make. */
export const MIN_AUDIO_RATE = 1_000
export const MAX_AUDIO_RATE = 768_000
/** Most channels of audio. */
export const MAX_AUDIO_CHANNELS = 64
/** Sample rate that decoded audio is brought to, in hertz. */
export const AUDIO_SAMPLE_RATE = 16_000

/** Bytes that the inputs of one request may have together, fetched ones included. */
export const MAX_REQUEST_MEDIA_BYTES = 512 * MIB
/** Files of one request that are fetched at the same time. */
export const MAX_PARALLEL_FETCHES = 8

/** Files up to this many bytes are read whole to see what they are; of larger ones only the parts that tell. */
export const MAX_SNIFFED_IN_MEMORY = 32 * MIB
/** Longest side of each hosted size of a picture beside the original, in pixels. */
export const HOSTED_SIDES = { large: 1_024, small: 512, tiny: 128 } as const
/** A picture this many times as long as a size may have it itself, as long as its file is small: a copy would save little. */
export const HOSTED_SIDE_SLACK = 1.5
/** Largest file that does so, in bytes. */
export const HOSTED_SLACK_BYTES = 512 * 1024
/** JPEG quality of hosted sizes. */
export const HOSTED_JPEG_QUALITY = 82
/** Time of a video that its thumbnail shows, in milliseconds. */
export const THUMBNAIL_MS = 1_000
/** Length of the parts that a film is cut into for players, in milliseconds. */
export const DASH_FRAGMENT_MS = 2_000
/** Most boxes looked at in search of the index of a film. */
export const MAX_TOP_BOXES = 64
