import type { Task } from './task.ts'
export const NATIVE_TARGETS: readonly string[] = []
export async function fuzzNative(_name: string, _task: Task): Promise<boolean> { return true }
