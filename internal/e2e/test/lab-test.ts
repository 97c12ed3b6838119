import { test } from 'vitest'
import { Lab } from '../src/lab.ts'

/** A test with a lab, which all tests of the file share. */
// Vitest reads the names of required fixtures from the pattern; here there are none.
// oxlint-disable-next-line no-empty-pattern
export const labTest = test.extend('lab', { scope: 'file' }, async ({}, { onCleanup }) => {
  const lab = await Lab.open()
  onCleanup(() => lab.close())
  return lab
})

/** The same with two trackers that share their swarms. */
// oxlint-disable-next-line no-empty-pattern
export const sharedLabTest = test.extend('lab', { scope: 'file' }, async ({}, { onCleanup }) => {
  const lab = await Lab.openShared()
  onCleanup(() => lab.close())
  return lab
})
