export const NAME = '@chihaya/middleware-jwt'
