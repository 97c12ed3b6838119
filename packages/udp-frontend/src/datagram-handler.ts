import type { Dispatcher } from './dispatcher.ts'

/** What a socket needs of the dispatcher it feeds. */
export type DatagramHandler = Pick<Dispatcher, 'handle' | 'readClock' | 'replyRoom' | 'requestRoom'>
