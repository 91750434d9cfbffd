/** Declarations: the server itself, and what stands beside it. */

import type { Declaration } from './command.ts'

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
]
