/** Bytes of an announce (BEP 15), and of a reply with fifty peers. */
export const REQUEST_LENGTH = 98
export const REPLY_LENGTH = 320

/** Bytes of receive buffers, so that nothing is lost: the system may grant less. */
export const RECEIVE_BUFFER = 4_194_304
