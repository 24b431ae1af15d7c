const MIB = 1024 * 1024

/** Most worker processes, however many cores there are. */
export const MAX_WORKERS = 8
/** Inputs that may wait for a worker, over all requests. */
export const MAX_QUEUED_INPUTS = 2_048
/** Inputs of one plan that may wait for a worker, so that one busy model leaves room for the others. */
export const MAX_QUEUED_INPUTS_PER_PLAN = 1_024
/** Media bytes that may wait for a worker, over all requests. */
export const MAX_QUEUED_BYTES = 1_024 * MIB
/** Inputs that one worker takes at a time from a request: enough for batches, few enough to spread a request. */
export const MAX_CHUNK_INPUTS = 8
/** Work of several requests is joined as long as it is done in about this time, in milliseconds: the first one waits. */
export const JOINED_WORK_MS = 50
/** Media bytes from which a chunk takes no further input. */
export const MAX_CHUNK_BYTES = 32 * MIB
/** Largest message between the server and a worker, in bytes. */
export const MAX_FRAME_BYTES = 1_024 * MIB

/** Memory of the engines that one worker keeps loaded, in bytes as engines estimate it. */
export const DEFAULT_ENGINE_BYTES = 512 * MIB
/** A worker whose resident memory is above this after its work is replaced, in bytes. */
export const DEFAULT_WORKER_RSS_BYTES = 1_536 * MIB
/** How long a worker believes what it last saw of its own resident memory, in milliseconds. */
export const RSS_TRUSTED_MS = 200
/** Blocks from this size on go back to the system as soon as a worker frees them, in bytes. */
export const LARGE_BLOCK_BYTES = 256 * 1_024
/** Plans that a worker remembers. */
export const MAX_KNOWN_PLANS = 256

/** Time one chunk of work may take before its worker counts as hanging, in milliseconds. */
export const MAX_WORK_MS = 600_000
/** Time a worker has to react to a cancellation before it is killed, in milliseconds. */
export const CANCEL_GRACE_MS = 5_000
/** Time a worker has to become ready, in milliseconds. */
export const MAX_START_MS = 60_000
/** Time a worker has to exit when asked to, in milliseconds. */
export const STOP_GRACE_MS = 5_000
/** Time that closing waits for work under way, in milliseconds. */
export const CLOSE_GRACE_MS = 15_000
/** Time that a busy worker has to answer a question about its state, in milliseconds. */
export const STATS_WAIT_MS = 1_000
/** Wait before a worker that failed to start is started again, in milliseconds; doubles with each failure. */
export const START_BACKOFF_MS = 250
/** Longest wait before a worker is started again, in milliseconds. */
export const MAX_START_BACKOFF_MS = 30_000
/** Failed starts in a row after which a worker counts as broken. */
export const MAX_START_FAILURES = 4
/** How often a worker looks whether its parent still lives, in milliseconds. */
export const PARENT_CHECK_MS = 500

/** How often a worker with a memory limit looks at its memory (and its parent), in milliseconds. */
export const MEMORY_CHECK_MS = 50

/** Worker processes for models that users brought. */
export const GUEST_WORKERS = 1
/** Time one chunk of work with a model of a user may take, in milliseconds. */
export const MAX_GUEST_WORK_MS = 60_000
/** Resident memory of a worker with models of users after which it is replaced when its work is done, in bytes. */
export const GUEST_RSS_BYTES = 3 * 1_024 * MIB
/** Resident memory at which such a worker is ended in the middle of its work, in bytes. */
export const MAX_GUEST_RSS_BYTES = 4 * 1_024 * MIB

/** Times that work is handed out: once, and once more when the worker died over it. */
export const MAX_ATTEMPTS = 2
/** Requests at the head of the queue that are searched for one whose engines an idle worker has loaded. */
export const QUEUE_LOOKAHEAD = 8
/** Times that the first request of the queue may be passed over for one whose engines are loaded. */
export const MAX_QUEUE_SKIPS = 4

/** Longest line of worker output that is logged, in characters. */
export const MAX_LOG_LINE_CHARS = 4_000
/** Niceness of workers: the server answers first. */
export const WORKER_NICENESS = 5

/** Media that one message hands to a media worker: enough to hide the way there, few enough to spread. */
export const MAX_MEDIA_BATCH_ITEMS = 8
/** Bytes of media inside a message from which a batch takes no further item. */
export const MAX_MEDIA_BATCH_BYTES = 32 * MIB
/** Media of one batch that are worked on at the same time: one is read while the other is decoded. */
export const MEDIA_AT_A_TIME = 2
/** Time one job may take before its media worker counts as hanging, in milliseconds. */
export const MAX_MEDIA_JOB_MS = 120_000
/** Resident memory of a media worker after which it is replaced when its job is done, in bytes. */
export const MEDIA_RSS_BYTES = 768 * MIB
/** Resident memory at which a media worker is ended in the middle of its job, in bytes. */
export const MAX_MEDIA_RSS_BYTES = 2_048 * MIB
/** Time after which a media worker without work is ended, in milliseconds. */
export const MEDIA_IDLE_MS = 60_000

/** Time the tuner takes for one kind of plan, in milliseconds. */
export const TUNE_BUDGET_MS = 18_000
/** Time without any request after which the tuner begins, in milliseconds. */
export const TUNE_QUIET_MS = 5_000
/** Times that the tuner is interrupted by requests before it gives a kind of plan up until the next start. */
export const TUNE_TRIES_MAX = 5
/** Kinds of plans that wait for the tuner. */
export const TUNE_WAITING_MAX = 8
/** Inputs that the tuner keeps of each kind, to measure with. */
export const TUNE_SAMPLES_MAX = 4
/** Media bytes of an input up to which the tuner keeps it. */
export const TUNE_SAMPLE_BYTES_MAX = 4 * MIB
/** Kinds of plans whose tuning is remembered for a machine. */
export const TUNED_KINDS_MAX = 500
