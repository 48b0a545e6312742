/** Largest data length of a frame, in bytes; a peer discards what is longer. */
export const MESSAGE_LENGTH_MAX = 4 << 20;

/** Unsent bytes above which a connection's senders wait and, on a server, its requests are no longer read. */
export const UNSENT_SOFT_MAX = 1 << 20;

/** Unsent bytes above which a server answers an error instead of the reply: the peer asks, but does not read. */
export const UNSENT_HARD_MAX = 256 << 20;

/** What the requests being handled and the stream messages not yet consumed of one connection may occupy, in bytes. */
export const CONNECTION_BUDGET = 256 << 20;

/** What one stream's messages not yet consumed may occupy, in bytes: at least one message of the largest length. */
export const STREAM_WINDOW = 8 << 20;

/** What a request costs its connection's budget besides its bytes: the memory of a running handler, roughly. */
export const CALL_OVERHEAD = 4 << 10;

/** What each name in a request's metadata costs besides its bytes. */
export const METADATA_OVERHEAD = 256;

/** What a queued stream message costs besides its bytes. */
export const QUEUED_OVERHEAD = 128;

/** Metadata pairs in one request; a pair costs far more memory than the four bytes it can be sent in. */
export const METADATA_PAIRS_MAX = 1024;

/** Length of a status message in UTF-16 units; a longer one is cut, so that an error always fits a frame. */
export const STATUS_MESSAGE_MAX = 16 << 10;
