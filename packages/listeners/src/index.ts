export {
  formatGoAddress,
  formatHttpAddress,
  isUnixAddress,
  parseGoAddress,
  parseUnixPath,
  type GoAddress,
  type HttpAddress,
  type ListenAddress,
  type UnixAddress,
} from './address.ts'
export { HttpListeners, type HttpListenersInit, type HttpPlan } from './http-listeners.ts'
export { HttpService, type Application, type ServiceEnd } from './http-service.ts'
export { ListenError, listenError } from './listen-error.ts'
export type { ConnectionLimits, HttpListenerOptions, ServerSettings } from './options.ts'
export { resolveUdpAddresses, type UdpAddress } from './resolve-address.ts'
