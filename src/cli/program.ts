/** All commands of `countersign`, by name; each loads its own module when it runs, and not before. */

import { Argument, Command } from 'commander'
import { access } from './catalogue-access.ts'
import { admin } from './catalogue-admin.ts'
import { identity } from './catalogue-identity.ts'
import { people, git, start } from './catalogue-start.ts'
import { logs } from './catalogue-log.ts'
import { instances } from './catalogue-instance.ts'
import { approval } from './catalogue-approval.ts'
import { record } from './catalogue-record.ts'
import { work } from './catalogue-work.ts'
import { declare, declareFamily, type Act, type Declaration, type Family } from './command.ts'
import type { Terminal } from './terminal.ts'
import { findHelp } from './topic.ts'

const FAMILIES: readonly Family[] = [
  { name: 'release', summary: 'Request, list, show, wait', group: 'Build, release, approve' },
  { name: 'freeze', summary: 'Close an environment for a while', group: 'Build, release, approve' },
  { name: 'break-glass', summary: 'Release without approvals, and judge it', group: 'Build, release, approve' },
  { name: 'delegation', summary: 'Who approves in the name of whom', group: 'Build, release, approve' },
  { name: 'evidence', summary: 'Packages that prove a period of the log', group: 'Ask and verify' },
  { name: 'trail', summary: 'Search, follow, show leaves of the log', group: 'Ask and verify' },
  { name: 'policy', summary: 'Check policies, put them into force', group: 'Ask and verify' },
  { name: 'people', summary: 'Who may act: list, invite, enrol, roles', group: 'People and keys' },
  { name: 'people role', summary: 'Give and take roles', group: '' },
  { name: 'group', summary: 'People who belong together, and what they hold', group: 'People and keys' },
  { name: 'group member', summary: 'Put people in, take them out', group: '' },
  { name: 'group role', summary: 'Give and take roles', group: '' },
  { name: 'network', summary: 'Networks that policies name', group: 'Set up' },
  { name: 'idp', summary: 'Identity providers that people sign in with', group: 'People and keys' },
  { name: 'people account', summary: 'Whose account at the CI is whose', group: '' },
  { name: 'erase', summary: 'Forget what is personal', group: 'People and keys' },
  { name: 'git', summary: 'Signed commits and judged pushes', group: 'People and keys' },
  { name: 'directory', summary: 'Who keeps people and groups', group: 'Set up' },
  { name: 'issuer', summary: 'CIs whose jobs may sign in', group: 'Set up' },
  { name: 'environment', summary: 'Where releases go, and who must agree', group: 'Set up' },
  { name: 'target', summary: 'Hosts and databases that credentials are lent for', group: 'Set up' },
  { name: 'log', summary: 'Check, copy, restore the log; its key', group: 'Set up' },
  { name: 'git hook', summary: 'The door of a bare repository', group: '' },
]

const EXAMPLES = `Examples:
  countersign login --server https://countersign.acme.test   sign in with a passkey
  countersign git setup                                      sign your commits
  countersign run --env production --artifact app.tgz -- ./deploy.sh
  countersign approve K7Q2-9DMX                              sign what waits for you
  countersign why sha256:9f2c…                               who put this into production
`

export function buildProgram(terminal: Terminal, act: Act): Command {
  const program = new Command('countersign').description(
    'Who put this into production, with which permission: decided, lent, recorded, provable.',
  )
  // Subcommands inherit these settings, so they come before the subcommands.
  program
    .helpCommand(false)
    .helpOption('-h, --help', 'this help')
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      writeOut: (text) => terminal.page(text),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText('before', EXAMPLES)
    .addHelpText(
      'after',
      '\nMore: countersign help <command> · countersign help exit-codes · countersign help environment',
    )
    .option('--no-color', 'no colour, as NO_COLOR')
  const declarations = [
    ...instances,
    ...logs,
    ...start,
    ...work,
    ...approval,
    ...record,
    ...people,
    ...git,
    ...identity,
    ...access,
    ...admin,
  ]
  // In the order of the help: what starts with a word of its own, families, and what families hold.
  const isEarly = ({ name, group }: Declaration) => !name.includes(' ') && group === 'Start'
  for (const declaration of declarations.filter(isEarly)) declare(program, declaration, act)
  for (const family of FAMILIES) declareFamily(program, family)
  for (const declaration of declarations.filter((each) => !isEarly(each))) declare(program, declaration, act)
  program
    .command('help')
    .summary('Help on a command or topic')
    .addArgument(new Argument('[topic...]', 'command, exit-codes or environment'))
    .action((topic: readonly string[]) => terminal.page(`${findHelp(program, topic)}\n`))
  return program
}
