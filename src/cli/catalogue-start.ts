/** Declarations: signing in, people, git. */

import { bounds, place } from './catalogue-access.ts'
import type { Declaration } from './command.ts'

const START = 'Start'
const PEOPLE = 'People and keys'

const softwarePasskey = {
  flags: '--software-passkey <file>',
  text: 'sign with a software passkey kept in FILE, for CI and demos; labelled as such everywhere',
}

const askedIn = ['<leaf-index>', 'the leaf that asked for it, as countersign erasures lists it'] as const

export const start: readonly Declaration[] = [
  {
    name: 'login',
    summary: 'Sign in with a passkey, in the browser',
    group: START,
    options: [
      softwarePasskey,
      { flags: '--browser', text: 'wait for the browser even without a terminal' },
      { flags: '--device', text: 'show a code to confirm elsewhere (as over SSH, or without a screen)' },
      { flags: '--log-key <vkey>', text: 'pin this key of the log, instead of trusting the first one seen' },
    ],
    examples: [
      ['countersign login --server https://countersign.acme.test', 'opens the browser, then waits for the passkey'],
      ['countersign login --software-passkey ci.passkey', 'signs in without a person, labelled as software'],
    ],
    next: ['git setup', 'status'],
    load: async () => await import('./login.ts'),
  },
  {
    name: 'logout',
    summary: 'End the login of this machine, or of this job',
    group: START,
    examples: [['countersign logout', 'ends the login on the server and forgets it here']],
    load: async () => await import('./logout.ts'),
  },
  {
    name: 'status',
    summary: 'Who you are, what waits for you, how the log is',
    group: START,
    examples: [
      ['countersign status', 'one look'],
      ['countersign status --json', 'the same, for machines'],
    ],
    next: ['approve', 'trail'],
    load: async () => await import('./status.ts'),
  },
  {
    name: 'doctor',
    summary: 'Check server, clock, log, login, git and tools; each line ok, or a problem with its fix',
    group: START,
    examples: [['countersign doctor', 'exits 1 when there is a problem']],
    load: async () => await import('./doctor.ts'),
  },
  {
    name: 'version',
    summary: 'Versions of this client, its Node and the server',
    group: START,
    isLocal: true,
    examples: [['countersign version --json', 'with the commit of the checkout']],
    load: async () => await import('./version.ts'),
  },
]

export const people: readonly Declaration[] = [
  {
    name: 'people list',
    summary: 'Everybody, with roles and keys',
    examples: [['countersign people list', 'a table']],
    load: async () => await import('./people-list.ts'),
  },
  {
    name: 'people invite',
    summary: 'Invite a person: prints the link where they enrol their passkey',
    arguments: [['<handle>', 'short name, without @']],
    options: [
      { flags: '--name <name>', text: 'full name', isMandatory: true },
      { flags: '--email <address>', text: 'address that their commits carry', isMandatory: true },
      { flags: '--zone <zone>', text: 'IANA time zone, for out-of-hours alerts (this machine’s otherwise)' },
      { flags: '--role <role>', text: 'role to hold from the start', isRepeated: true },
      {
        flags: '--token-out <file>',
        text: 'write the enrolment token to FILE (mode 0600) instead of printing the link',
      },
    ],
    examples: [
      [
        'countersign people invite ana --name "Ana Ruiz" --email ana@acme.test --role approver',
        'prints a link that works once',
      ],
    ],
    next: ['people enrol', 'people role add'],
    load: async () => await import('./people-invite.ts'),
  },
  {
    name: 'people enrol',
    summary: 'Enrol with a software passkey (people use the link in a browser)',
    options: [
      { flags: '--token-file <file>', text: 'file with the enrolment token; - reads stdin', isMandatory: true },
      { ...softwarePasskey, isMandatory: true },
      { flags: '--handle <handle>', text: 'at setup: short name' },
      { flags: '--name <name>', text: 'at setup: full name' },
      { flags: '--email <address>', text: 'at setup: address that your commits carry' },
      { flags: '--zone <zone>', text: 'at setup: IANA time zone' },
    ],
    examples: [
      [
        'countersign people enrol --token-file token --software-passkey ana.passkey',
        'makes the passkey when the file is missing',
      ],
    ],
    next: ['login'],
    load: async () => await import('./people-enrol.ts'),
  },
  {
    name: 'people role add',
    summary: 'Give a role',
    arguments: [
      ['<person>', '@handle or person:id'],
      ['<role>', 'name of the role'],
    ],
    options: [...bounds, { flags: '--reason <text>', text: 'why' }],
    examples: [
      ['countersign people role add @ana approver --reason "release team"', 'one leaf'],
      ['countersign people role add @ana approver --scope environment:staging', 'there alone'],
    ],
    load: async () => await import('./people-role-add.ts'),
  },
  {
    name: 'people role remove',
    summary: 'Take a role away',
    arguments: [
      ['<person>', '@handle or person:id'],
      ['<role>', 'name of the role'],
    ],
    options: [place],
    examples: [['countersign people role remove @ana approver', 'takes effect with the next request']],
    load: async () => await import('./people-role-remove.ts'),
  },
  {
    name: 'people account add',
    summary: 'Say which account at the CI is a person’s: who starts a run cannot approve it',
    arguments: [['<person>', '@handle or person:id']],
    options: [
      { flags: '--issuer <url>', text: 'issuer of the CI’s tokens', isMandatory: true },
      { flags: '--account <id>', text: 'the id that the CI gave the account (actor_id, user_id)', isMandatory: true },
    ],
    examples: [
      [
        'countersign people account add @ana --issuer https://token.actions.githubusercontent.com --account 583231',
        'one leaf; the id itself stands beside it and can be erased',
      ],
    ],
    load: async () => await import('./people-account-add.ts'),
  },
  {
    name: 'people account remove',
    summary: 'Take back what was said of a person’s accounts at a CI',
    arguments: [['<person>', '@handle or person:id']],
    options: [{ flags: '--issuer <url>', text: 'issuer of the CI’s tokens', isMandatory: true }],
    examples: [
      ['countersign people account remove @ana --issuer https://token.actions.githubusercontent.com', 'one leaf'],
    ],
    load: async () => await import('./people-account-remove.ts'),
  },
  {
    name: 'revoke',
    summary: 'Revoke a person: logins and grants end, the next request is refused',
    group: PEOPLE,
    arguments: [['<person>', '@handle or person:id']],
    options: [{ flags: '--reason <text>', text: 'why; recorded', isMandatory: true }],
    examples: [['countersign revoke @kit --reason "laptop stolen"', 'lists what is still alive, and for how long']],
    load: async () => await import('./revoke.ts'),
  },
  {
    name: 'erase person',
    summary: 'Erase what is personal about a person; the log stays whole and verifies',
    arguments: [['<person>', '@handle or person:id']],
    options: [
      { flags: '--field <name>', text: 'only this, such as ip or userAgent (else everything)', isRepeated: true },
      { flags: '--evidence', text: 'their keys and the pushes with their commits, too: those can’t be decided again' },
      { flags: '--reason <text>', text: 'why; recorded', isMandatory: true },
    ],
    examples: [
      [
        'countersign erase person @kit --reason "asked for it, ticket 41"',
        'revoke them first; where there is another administrator, they must agree',
      ],
      ['countersign erase person @kit --field ip --field userAgent --reason "ninety days are over"', 'only these'],
    ],
    next: ['erasures', 'erase agree'],
    load: async () => await import('./erase-person.ts'),
  },
  {
    name: 'erasures',
    summary: 'Erasures that wait for a second administrator',
    examples: [['countersign erasures', 'who is to be forgotten, of what, and who asked']],
    next: ['erase agree', 'erase decline'],
    load: async () => await import('./erasures.ts'),
  },
  {
    name: 'erase agree',
    summary: 'Agree to an erasure that another administrator asked for',
    arguments: [askedIn],
    options: [softwarePasskey],
    examples: [['countersign erase agree 4711', 'shows what is signed, and signs it; it is carried out at once']],
    next: ['verify', 'replay'],
    load: async () => await import('./erase-agree.ts'),
  },
  {
    name: 'erase decline',
    summary: 'Decline an erasure, or withdraw your own',
    arguments: [askedIn],
    options: [softwarePasskey, { flags: '--reason <text>', text: 'why; recorded', isMandatory: true }],
    examples: [['countersign erase decline 4711 --reason "she still works here"', 'nothing is erased']],
    next: ['erasures'],
    load: async () => await import('./erase-decline.ts'),
  },
]

export const git: readonly Declaration[] = [
  {
    name: 'git setup',
    summary: 'Sign your commits: makes or uses a key, registers it, configures git',
    options: [
      {
        flags: '--key <file>',
        text: 'SSH private key to use (else the one git uses, else ~/.ssh/id_countersign, made if missing)',
      },
      { flags: '--openpgp <fingerprint>', text: 'OpenPGP key to use, from gpg' },
      { flags: '--email <address>', text: 'address that your commits carry (else git’s user.email)', isRepeated: true },
      { flags: '--local', text: 'configure this repository only' },
      { flags: '--no-passphrase', text: 'make the key without a passphrase' },
    ],
    examples: [
      ['countersign git setup', 'for every repository of yours'],
      ['countersign git setup --local --openpgp 3AA5C34371567BD2', 'an OpenPGP key, here only'],
    ],
    load: async () => await import('./git-setup.ts'),
  },
  {
    name: 'git hook install',
    summary: 'Let Countersign judge every push to a bare repository on this machine',
    options: [
      { flags: '--repository <name>', text: 'name such as acme/shop', isMandatory: true },
      { flags: '--git-dir <path>', text: 'the bare repository (else the current folder)' },
      { flags: '--register', text: 'register the repository and its door key too (as an administrator)' },
      {
        flags: '--protect <ref>',
        text: 'with --register: pattern of protected references (else refs/heads/main)',
        isRepeated: true,
      },
      { flags: '--ci-repository-id <id>', text: 'with --register: the id that CI tokens carry for it' },
      { flags: '--ci-owner-id <id>', text: 'with --register: the id that CI tokens carry for its owner' },
      { flags: '--ci-issuer <url>', text: 'with --register: issuer of its CI tokens' },
    ],
    examples: [
      [
        'countersign git hook install --repository acme/shop --git-dir /srv/git/shop.git --register',
        'key, registration and hook',
      ],
    ],
    load: async () => await import('./git-hook-install.ts'),
  },
  {
    name: 'git hook pre-receive',
    summary: 'What the hook calls: asks Countersign about the push on stdin',
    options: [{ flags: '--git-dir <path>', text: 'the bare repository (else GIT_DIR, else the current folder)' }],
    examples: [['countersign git hook pre-receive < updates', 'lines of: old new ref']],
    isLocal: true,
    load: async () => await import('./git-hook-pre-receive.ts'),
  },
]
