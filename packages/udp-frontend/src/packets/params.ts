import { UrlDataParams, type Params } from '@chihaya/bittorrent'

/** The parameters of a request that carries no URL. */
export const NO_PARAMS: Params = new UrlDataParams('')
