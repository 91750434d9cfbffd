/** Declarations: the server itself, and what stands beside it. */

import type { Declaration } from './command.ts'
import { parseCount, parseDuration } from './text.ts'

const START = 'Start'

const instance = [
  { flags: '--dir <folder>', text: 'where log, keys and everything else are kept (else .countersign)' },
  { flags: '--port <port>', text: 'port on this machine (else 7443)' },
  { flags: '--public-url <url>', text: 'how people and jobs reach it (else http://localhost:<port>)' },
  { flags: '--origin <name>', text: 'name of the log, fixed at its birth (else from the public URL)' },
  { flags: '--policies <folder>', text: 'policies in force from the first leaf on (else those that are shipped)' },
  { flags: '--passphrase-file <file>', text: 'encrypt the keys with the passphrase in FILE' },
] satisfies Declaration['options']

export const instances: readonly Declaration[] = [
  {
    name: 'up',
    summary: 'Run Countersign: one process, one folder, no other service',
    group: START,
    isLocal: true,
    options: [
      ...instance,
      { flags: '--host <address>', text: 'address to listen on (else 127.0.0.1)' },
      { flags: '--witness <line>', text: 'witness that cosigns, as countersign witness prints it', isRepeated: true },
      { flags: '--witness-quorum <count>', text: 'how many of them must follow within seconds', parse: parseCount },
      { flags: '--require-witnesses', text: 'make credentials only once so many have cosigned the grant (else all)' },
      { flags: '--tsa <url>', text: 'authority that stamps checkpoints with the time (RFC 3161)' },
      { flags: '--tsa-ca <file>', text: 'certificates by which its stamps are believed, as PEM' },
      { flags: '--tsa-every <span>', text: 'time between two stamps, such as 15m (else 1h)', parse: parseDuration },
      { flags: '--tsa-policy <oid>', text: 'policy that it must stamp under' },
      { flags: '--compress-sealed', text: 'keep all but the newest leaves gzipped: a tenth of the space, same leaves' },
      { flags: '--trusted-proxy <address>', text: 'proxy whose word on addresses is believed', isRepeated: true },
    ],
    examples: [
      ['countersign up', 'creates the log on the first start, then prints the link for the first person'],
      ['countersign up --dir /var/lib/countersign --public-url https://countersign.acme.test', 'behind TLS'],
    ],
    next: ['login', 'doctor', 'witness'],
    load: async () => await import('./up.ts'),
  },
  {
    name: 'demo',
    summary: 'The whole story on this machine: nine facts on real input, then the console stays open',
    group: START,
    isLocal: true,
    isStream: true,
    options: [
      { flags: '--ci', text: 'end when the facts are told; exit 0 only when all of them happened' },
      { flags: '--dir <folder>', text: 'keep everything in this folder (else removed at the end)' },
      { flags: '--repo <path>', text: 'use a clone of this repository of yours' },
      { flags: '--port <port>', text: 'port of the console (else 7443, or a free one)', parse: parseCount },
      { flags: '--open', text: 'open the console in a browser at the end' },
      { flags: '--ssh <server>', text: 'what to deploy to (else sshd where it works)', choices: ['sshd', 'ssh2'] },
      {
        flags: '--postgres <server>',
        text: 'which PostgreSQL (else the machine’s own, where there is one)',
        choices: ['machine', 'embedded'],
      },
    ],
    examples: [
      ['countersign demo', 'nothing is asked, no account, no network'],
      ['countersign demo --ci --jsonl', 'headless, for machines'],
    ],
    next: ['up'],
    load: async () => await import('./demo.ts'),
  },
  {
    name: 'init',
    summary: 'Make the log and its keys without starting, so that a witness can be told of them first',
    group: START,
    isLocal: true,
    options: instance,
    examples: [['countersign init --dir /var/lib/countersign', 'prints the key of the log']],
    next: ['witness', 'up'],
    load: async () => await import('./init.ts'),
  },
  {
    name: 'witness',
    summary: 'Cosign the checkpoints of logs, on another machine',
    group: START,
    isLocal: true,
    options: [
      { flags: '--dir <folder>', text: 'where its key and what it cosigned are kept', isMandatory: true },
      { flags: '--listen <address>', text: 'such as 127.0.0.1:7070', isMandatory: true },
      { flags: '--log <vkey>', text: 'verifier key of a log it may cosign', isRepeated: true, isMandatory: true },
      { flags: '--mirror', text: 'keep a verified copy of every leaf too' },
      { flags: '--name <name>', text: 'name in its own key (else <host name>/witness)' },
      {
        flags: '--key-type <type>',
        text: 'kind of key made at the first start (else ed25519); ml-dsa-44 also stands against quantum computers',
        choices: ['ed25519', 'ml-dsa-44'],
      },
      { flags: '--url <url>', text: 'where logs reach it, when that is not where it listens' },
    ],
    examples: [
      [
        'countersign witness --dir /var/lib/witness --listen 0.0.0.0:7070 --log log.acme.test+1f2e3d4c+AQ…',
        'until it is stopped',
      ],
    ],
    load: async () => await import('./witness.ts'),
  },
  {
    name: 'restore',
    summary: 'Put damaged leaves back from a witness’s copy; the running server does it, or you while it is down',
    group: START,
    arguments: [['[data]', 'data folder of a server that is not running (else the running server is asked)']],
    options: [
      { flags: '--from <copy>', text: 'with a folder: URL of a witness that keeps a copy, or a folder with one' },
      { flags: '--passphrase-file <file>', text: 'with a folder: opens the encrypted key of the log' },
      {
        flags: '--discard-local',
        text: 'with a folder: leave out leaves that the copy’s signed history does not have',
      },
      { flags: '--origin <name>', text: 'with a folder: name of the log, when nothing of it is left' },
    ],
    examples: [
      ['countersign restore', 'as an administrator; the one privileged act that a damaged log allows'],
      ['countersign restore .countersign --from http://witness.acme.test:7070', 'while the server is down'],
    ],
    next: ['verify', 'doctor'],
    load: async () => await import('./restoring.ts'),
  },
]
