/** How many transactions may wait for the writer before new ones are refused. */
export const WAITING_TRANSACTIONS_MAX = 10_000
/** How many transactions one commit (one flush to disk) may carry. */
export const GROUP_TRANSACTIONS_MAX = 128
/** After how many milliseconds a group takes no further transaction and commits. */
export const GROUP_OPEN_MS_MAX = 2
/** How long one transaction may run, in milliseconds; then it is rolled back, as the single writer waits for it. */
export const TRANSACTION_MS_MAX = 30_000
/** How often a transaction is tried again after a conflict with another one (PostgreSQL only). */
export const TRANSACTION_ATTEMPTS_MAX = 12
/** Longest pause before another attempt, in milliseconds. */
export const RETRY_PAUSE_MS_MAX = 200
/** Prepared statements kept for each SQLite connection. */
export const STATEMENT_CACHE_MAX = 512
/** How long SQLite waits for a lock of another connection, in milliseconds. */
export const SQLITE_BUSY_MS_MAX = 5_000
/** Page cache of each SQLite connection, in KiB. */
export const SQLITE_CACHE_KIB = 16_384
/** Size in pages of the write-ahead log from which it is copied back into the database. */
export const WAL_CHECKPOINT_PAGES = 1_000
/** Size in bytes to which an overgrown write-ahead log is cut when it starts anew. */
export const WAL_KEEP_BYTES_MAX = 64 * 1024 * 1024
/** How long statements of transactions may follow one another without a turn of the event loop, in milliseconds. */
export const EVENT_LOOP_HOLD_MS_MAX = 2
/** Connections to PostgreSQL for reading, and as many again for writing. */
export const POSTGRES_CONNECTIONS_MAX = 8
/** How long a query waits for a PostgreSQL connection, in milliseconds. */
export const POSTGRES_CONNECT_MS_MAX = 10_000
/** How many ids one statement names; longer lists are cut into several statements. */
export const IDS_PER_STATEMENT_MAX = 1_000
/** How many rows one page of a list may have; one more than callers may ask for, to see whether a next page exists. */
export const ROWS_PER_PAGE_MAX = 1_001
/** Longest text that is looked for inside others, in characters; SQLite takes patterns of at most 50,000 bytes. */
export const PATTERN_CHARS_MAX = 10_000
/** How many text patterns one statement compares a column with; each is a look at every row. */
export const PATTERNS_PER_STATEMENT_MAX = 64
/** How many rows one statement deletes when all rows of a parent go. */
export const ROWS_PER_DELETE_MAX = 1_000
/** Rows that share one counter on PostgreSQL, where two transactions that change the same row make one start again. */
export const COUNTER_ROWS = 64
/** How many values one statement that inserts many rows binds; SQLite takes 32,766, PostgreSQL 65,535. */
export const VALUES_PER_INSERT_MAX = 2_048
/** How many rows of the log of embeddings go in one transaction. */
export const LOG_ROWS_PER_PRUNING = 5_000
/** How many rows of a deleted app go in one transaction; what belongs to them goes with them. */
export const ROWS_PER_APP_PART_MAX = 250
