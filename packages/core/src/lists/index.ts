export { EntryList, openList } from './entry-list.ts'
export { ListFile, type ListFileInit } from './list-file.ts'
export type { AnyList, ListFormat } from './list-format.ts'
export {
  blacklistOf,
  hasWhitelist,
  listOptionSchemas,
  onlyList,
  refusal,
  whitelistOf,
  type ListOptions,
  type ListSource,
} from './list-options.ts'
