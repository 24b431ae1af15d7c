/** Longest regular expression, in characters. */
export const MAX_REGEX_LENGTH = 1000
/** Longest text that operators search through, in characters; a longer one is refused. */
export const MAX_SEARCHED_CHARS = 2_000_000
/** Longest text that an operator may make, in characters. */
export const MAX_MADE_CHARS = 10_000_000
/** Words that a keyword filter may look for. */
export const MAX_KEYWORDS = 10_000
/** Beginning of a text, in characters, by which its language is told. */
export const LANGUAGE_SAMPLE_CHARS = 5000
/** Sizes that a crop may have, in sizes of its box. */
export const MIN_CROP_MARGIN = 0.01
export const MAX_CROP_MARGIN = 20
/** Detections of one frame that a tracker looks at, the surest ones; assigning them takes time in their third power. */
export const MAX_TRACKED_DETECTIONS = 300
/** Tracks that a tracker follows at a time; the longest missing ones are given up first. */
export const MAX_LIVE_TRACKS = 500
/** Frames after which a tracker lets other work of its process go on. */
export const TRACKER_BREATH_FRAMES = 32
/** What a tracker keeps from one call of a stream to the next, in characters. */
export const TRACKER_MEMORY_CHARS = 512 * 1024
/** Largest count of frames that a parameter of a tracker may name. */
export const MAX_TRACKER_FRAMES = 1000
/** Largest distance that a parameter may name: far beyond any in a picture, whose diagonal is 1.42. */
export const MAX_TRACKER_DISTANCE = 1_000_000
/** Longest prefix of track ids, in characters. */
export const MAX_TRACK_PREFIX_LENGTH = 100
/** Sides of tiles, in pixels. */
export const MIN_TILE_SIDE_PX = 32
export const MAX_TILE_SIDE_PX = 4096
/** Tiles that one picture may be cut into; later nodes run on each of them. */
export const MAX_TILES = 400
/** Boxes that are compared to each other, the surest ones; the time goes by their number squared. */
export const MAX_COMPARED_BOXES = 5000
/** Pixels in which bar codes are looked for; larger pictures are reduced. */
export const MAX_BARCODE_PIXELS = 8_000_000
/** Codes read in one picture. */
export const MAX_BARCODES = 255
/** Longest name of a label that a parameter may give, in characters. */
export const MAX_LABEL_LENGTH = 128
/** Longest URL that is pushed to, in characters. */
export const MAX_PUSH_URL = 2_048
/** Longest key that signs what is pushed, in characters. */
export const MAX_SIGNING_KEY = 1_024
/** Most recipients of one mail. */
export const MAX_MAIL_RECIPIENTS = 50
/** Longest subject of a mail before its placeholders are filled, in characters. */
export const MAX_MAIL_SUBJECT = 500
/** Longest text of a mail before its placeholders are filled, in characters. */
export const MAX_MAIL_BODY = 20_000
