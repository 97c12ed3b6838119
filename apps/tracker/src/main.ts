#!/usr/bin/env node
import { run } from './cli.ts'

const exitCode = await run(process.argv.slice(2))
// A start that failed may leave sockets behind.
if (exitCode !== undefined) process.exit(exitCode)
