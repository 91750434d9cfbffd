/** One command line from its words to its exit code: nothing that goes wrong on the way stays unsaid, or escapes. */

import { CommanderError } from 'commander'
import { asFailure, EXIT, Failure } from './failure.ts'
import { calledPath, type Act, type CommandModule } from './command.ts'
import { buildProgram } from './program.ts'
import { rejectEmptyVariables } from './setting.ts'
import { Terminal, type Format, type TerminalOptions } from './terminal.ts'

/** Where a command line runs: what `process` is to it. */
export type Surroundings = Pick<TerminalOptions, 'env' | 'stdout' | 'stderr' | 'stdin'>

/** Runs `argv` (without `node` and script) in this process. Resolves with the exit code, whatever happens. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const terminal = openTerminal(argv, surroundings)
  let code: number = EXIT.ok
  const act: Act = async ({ load }, options) => {
    rejectEmptyVariables(terminal.env)
    code = await start(await load(), options, terminal)
  }
  const program = buildProgram(terminal, act)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok
    const failure =
      thrown instanceof CommanderError ? usageFailure(thrown, calledPath(program, argv)) : asFailure(thrown)
    terminal.fail(failure)
    return EXIT[failure.exit]
  }
}

async function start(module: CommandModule, options: object, terminal: Terminal): Promise<number> {
  return await (module.run as (options: object, terminal: Terminal) => Promise<number>)(options, terminal)
}

/** What comes after `--` is another program's command line. */
function ownArguments(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}

function openTerminal(argv: readonly string[], surroundings: Surroundings): Terminal {
  const own = ownArguments(argv)
  const format: Format = own.includes('--jsonl') ? 'jsonl' : own.includes('--json') ? 'json' : 'text'
  return new Terminal({ ...surroundings, format, color: !own.includes('--no-color') })
}

/** commander's sentence, cut into the message and, when it has one, the suggestion. */
function usageFailure({ message, code }: CommanderError, path: readonly string[]): Failure {
  const help = ['countersign', ...path, '--help'].join(' ')
  if (code === 'commander.help') return new Failure('usage', 'no_command', 'a command is missing', { next: help })
  const [sentence = '', suggestion] = message.replace(/^error: /u, '').split('\n')
  const near = /Did you mean (?:one of )?(.+?)\?/u.exec(suggestion ?? '')?.[1]
  return new Failure('usage', snake(code), sentence, { next: near ? `did you mean ${near}? (${help})` : help })
}

/** `commander.unknownOption` as `unknown_option`. */
function snake(code: string): string {
  return code.replace('commander.', '').replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)
}
