export { Accountant } from './accounting/accountant.ts'
export { Accounted } from './accounting/accounted.ts'
export { Registry } from './registry/registry.ts'
export { Sessions } from './accounting/sessions.ts'
