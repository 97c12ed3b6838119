/**
 * The fixed texts that the packages of the tracker refuse requests with. Refusals are told apart by
 * them when they are counted; a text that is not here, one of a hook of your own say, is `other`
 * unless the meter is told of it.
 */
export const REFUSALS: readonly string[] = [
  // Bytes that do not parse.
  'failed to parse parameter: downloaded',
  'failed to parse parameter: left',
  'failed to parse parameter: numwant',
  'failed to parse parameter: peer_id',
  'failed to parse parameter: port',
  'failed to parse parameter: uploaded',
  'failed to parse peer IP address',
  'failed to provide valid client event',
  'failed to provide valid peer_id',
  'full scrape not supported',
  'invalid IP',
  'invalid port',
  'invalid query escape',
  'malformed event ID',
  'malformed packet',
  'multiple info_hash parameters supplied',
  'no info_hash parameter supplied',
  'no source address: set realIpHeader or trustProxy',
  'provided invalid infohash',
  'query parameter name too long',
  'query parameter value too long',
  'Request-URI Too Long: scrape fewer torrents at once',
  'Request-URI Too Long: too many infohashes',
  'too many query parameters',
  // What no tracker answers.
  'bad connection ID',
  'bad request',
  'method not allowed',
  'not found',
  'request body not allowed',
  'too many requests',
  'unknown action ID',
  // Middleware.
  'too many announces',
  'too many scrapes',
  'unapproved address',
  'unapproved client',
  'unapproved request: invalid jwt',
  'unapproved request: missing jwt',
  'unapproved torrent',
  // Stores.
  'tracker is full: no new peers',
  'tracker is full: no new torrents',
  'too many new torrents',
  'tracker is temporarily unavailable',
]
