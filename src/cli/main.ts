/** `countersign`: the program that the launcher starts. */

import { runCommandLine } from './command-line.ts'

// A reader who closes the pipe (`countersign trail | head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await runCommandLine(process.argv.slice(2), process)
