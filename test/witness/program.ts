/** Runs `countersign witness` with options given as JSON, the way the command line would. */

import { run, type WitnessOptions } from '../../src/cli/witness.ts'
import { Terminal } from '../../src/cli/terminal.ts'

const { env, stdout, stderr, stdin } = process
const terminal = new Terminal({ env, stdout, stderr, stdin, format: 'json', color: false })
try {
  process.exitCode = await run(JSON.parse(process.argv[2]!) as WitnessOptions, terminal)
} catch (error) {
  terminal.say((error as Error).message)
  process.exitCode = 1
}
