export { EntryList, openList } from './entry-list.ts'
export { ListFile, type AnyList, type ListFileInit, type ListFormat } from './list-file.ts'
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
