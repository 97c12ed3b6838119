/** Bytes of an announce request (BEP 15), and of a response with fifty peers. */
export const REQUEST_LENGTH = 98
export const REPLY_LENGTH = 320

/** Bytes of receive buffers, to avoid losses; the system may grant less. */
export const RECEIVE_BUFFER = 4_194_304
