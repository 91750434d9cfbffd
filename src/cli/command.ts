/** Commands as data, turned into a commander program: strict about what it does not know, lazy about what it does not run. */

import { Argument, Option, type Command } from 'commander'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** A module of one command. Its options are whatever its declaration says, arguments included, by their camelCase names. */
export interface CommandModule {
  run(options: never, terminal: Terminal): Promise<number>
}

type Parse = (text: string) => unknown

export interface OptionDeclaration {
  readonly flags: string
  readonly text: string
  /** Values pile up in a list. */
  readonly isRepeated?: boolean
  readonly isMandatory?: boolean
  readonly choices?: readonly string[]
  readonly parse?: Parse
}

export interface Declaration {
  /** Words after `countersign`: `git setup`. */
  readonly name: string
  readonly summary: string
  readonly group?: string
  /** `<fingerprint>`, `[query...]`, with what it means. */
  readonly arguments?: readonly (readonly [name: string, text: string])[]
  readonly options?: readonly OptionDeclaration[]
  readonly examples: readonly (readonly [command: string, text: string])[]
  /** Commands that a reader may want next. */
  readonly next?: readonly string[]
  /** It needs no server, so no `--server`. */
  readonly isLocal?: boolean
  /** It runs when its family is called with something else: `trail outcome:refused`. */
  readonly isDefault?: boolean
  /** Its stdout belongs to another program: no `--json`. */
  readonly isPassage?: boolean
  /** It can stream: `--jsonl`. */
  readonly isStream?: boolean
  readonly load: () => Promise<CommandModule>
}

/** A word with commands of its own, such as `git`. */
export interface Family {
  readonly name: string
  readonly summary: string
  readonly group: string
}

export type Act = (declaration: Declaration, options: Readonly<Record<string, unknown>>) => Promise<void>

export function declare(program: Command, declaration: Declaration, act: Act): void {
  const words = declaration.name.split(' ')
  const parent = words.slice(0, -1).reduce(familyOf, program)
  const command = parent
    .command(words.at(-1)!, { isDefault: declaration.isDefault ?? false })
    .summary(declaration.summary)
    .description(declaration.summary)
  if (declaration.group) command.helpGroup(declaration.group)
  for (const [name, text] of declaration.arguments ?? []) command.addArgument(argument(name, text, declaration))
  for (const option of [...(declaration.options ?? []), ...commonOptions(declaration)])
    command.addOption(asOption(option))
  command.addHelpText('before', () => examplesOf(declaration))
  command.addHelpText('after', () => nextOf(declaration))
  command.action(async () => await act(declaration, gathered(command)))
}

export function declareFamily(program: Command, { name, summary, group }: Family): void {
  const words = name.split(' ')
  const parent = words.slice(0, -1).reduce(familyOf, program)
  parent.command(words.at(-1)!).summary(summary).description(summary).helpGroup(group).helpCommand(false)
}

function familyOf(parent: Command, word: string): Command {
  const found = parent.commands.find((command) => command.name() === word)
  if (!found) throw new TypeError(`the family ${word} is not declared`)
  return found
}

function commonOptions({ isLocal, isStream, isPassage }: Declaration): OptionDeclaration[] {
  return [
    ...(isLocal
      ? []
      : [
          {
            flags: '--server <url>',
            text: 'server to speak to (else COUNTERSIGN_SERVER, else that of the last login)',
          },
        ]),
    ...(isPassage ? [] : [{ flags: '--json', text: 'one JSON document on stdout' }]),
    ...(isStream ? [{ flags: '--jsonl', text: 'a stream of JSON lines that ends in one "result" event' }] : []),
    { flags: '--no-color', text: 'no colour, as NO_COLOR' },
  ]
}

function argument(name: string, text: string, { isPassage }: Declaration): Argument {
  const made = new Argument(name, text)
  const isVariadic = made.variadic
  return made.argParser((value: string, previous: unknown) => {
    // An empty word behind the first belongs to the other program, to which it may mean something.
    const given = isPassage && Array.isArray(previous) ? value : filled(name, value)
    return isVariadic ? [...asList(previous), given] : given
  })
}

function asOption({ flags, text, isRepeated, isMandatory, choices, parse }: OptionDeclaration): Option {
  const option = new Option(flags, isRepeated ? `${text}; may be repeated` : text)
  if (!flags.includes('<')) return option
  option.argParser((value: string, previous: unknown) => {
    const given = filled(option.long ?? flags, value)
    if (choices && !choices.includes(given)) throw badChoice(option.long ?? flags, given, choices)
    const parsed = parse ? parse(given) : given
    return isRepeated ? [...asList(previous), parsed] : parsed
  })
  return option.makeOptionMandatory(isMandatory ?? false)
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** `--env ""` is what a script passes when its variable is unset; carrying on would act on something nobody named. */
function filled(name: string, value: string): string {
  if (value.trim() !== '') return value
  throw new Failure('usage', 'empty_value', `${name} is empty`, { next: 'give it a value, or leave it out' })
}

function badChoice(name: string, value: string, choices: readonly string[]): Failure {
  return new Failure('usage', 'bad_value', `${name} cannot be "${value}"`, { next: `one of ${choices.join(', ')}` })
}

function gathered(command: Command): Readonly<Record<string, unknown>> {
  const named = command.registeredArguments.map((each, at): [string, unknown] => [
    camel(each.name()),
    command.processedArgs[at],
  ])
  return {
    ...command.opts<Record<string, unknown>>(),
    ...Object.fromEntries<unknown>(named.filter(([, value]) => value !== undefined)),
  }
}

function camel(name: string): string {
  return name.replace(/-([a-z])/gu, (_, letter: string) => letter.toUpperCase())
}

const MAX_EXAMPLE_WIDTH = 100

function examplesOf({ examples }: Declaration): string {
  const width = Math.max(...examples.map(([command]) => command.length))
  const isNarrow = examples.every(([, text]) => width + text.length <= MAX_EXAMPLE_WIDTH)
  const lines = examples.map(([command, text]) =>
    isNarrow ? `  ${command.padEnd(width)}  ${text}` : `  # ${text}\n  ${command}`,
  )
  return `Examples:\n${lines.join('\n')}\n`
}

/** The words of the command that a command line calls, as far as they are known: `git setup`. */
export function calledPath(program: Command, argv: readonly string[]): string[] {
  const path: string[] = []
  let command: Command | undefined = program
  for (const word of argv) {
    command = command.commands.find((each) => each.name() === word)
    if (!command) break
    path.push(word)
  }
  return path
}

function nextOf({ next }: Declaration): string {
  const see = next ? `\nNext: ${next.map((command) => `countersign ${command}`).join(' · ')}` : ''
  return `${see}\nExit codes and variables: countersign help exit-codes · countersign help environment`
}
