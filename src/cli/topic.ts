/** The pages of `countersign help` that belong to no command. */

import type { Command } from 'commander'
import { EXIT, Failure, type ExitName } from './failure.ts'
import { VARIABLES } from './setting.ts'
import { table } from './text.ts'

const MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'done',
  failed: 'failed: the server cannot be reached, a file cannot be read, anything not named below',
  usage: 'the command line or the environment is wrong; nothing was tried',
  refused: 'refused by policy or rule; the refusal is a leaf of the log',
  signIn: 'sign-in needed: no login, or it expired or was revoked',
  unverified: 'verification failed: a proof, signature or digest is wrong',
  notFound: 'not found',
  waiting: 'waiting for approval (with --no-wait)',
  timedOut: 'the wait ran out',
  interrupted: 'interrupted',
}

const TOPICS: Readonly<Record<string, () => string>> = {
  'exit-codes': () => {
    const rows = (Object.keys(EXIT) as ExitName[]).map((name) => [`  ${EXIT[name]}`, MEANINGS[name]])
    return `Exit codes:\n${table(rows, 1_000)}\n\nrun passes the exit code of its command through.`
  },
  environment: () =>
    `Variables (flags stand above them; an empty value is an error):\n${table(
      VARIABLES.map(([name, text]) => [`  ${name}`, text]),
      1_000,
    )}`,
}

/** The page of a topic or the help of a command. Throws a usage Failure with the nearest name for anything else. */
export function findHelp(program: Command, words: readonly string[]): string {
  const topic = TOPICS[words.join(' ')]
  if (topic) return topic()
  let command = program
  for (const word of words) {
    const found = command.commands.find((each) => each.name() === word)
    if (!found)
      throw unknownTopic(word, [
        ...command.commands.map((each) => each.name()),
        ...(command === program ? Object.keys(TOPICS) : []),
      ])
    command = found
  }
  let text = ''
  command.configureOutput({ writeOut: (chunk) => (text += chunk) }).outputHelp()
  return text.trimEnd()
}

function unknownTopic(word: string, known: readonly string[]): Failure {
  const near = known.find((name) => name.startsWith(word.slice(0, 3)))
  return new Failure('usage', 'unknown_topic', `there is no help on "${word}"`, {
    next: near ? `countersign help ${near}` : 'countersign --help',
  })
}
