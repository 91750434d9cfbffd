/** Declarations: keeping a log, its copies and its key. */

import type { Declaration } from './command.ts'
import { parseDuration } from './text.ts'

const CHECKED = [
  { flags: '--log-key <vkey>', text: 'key that may have signed (else the log says whose)', isRepeated: true },
] satisfies Declaration['options']

export const logs: readonly Declaration[] = [
  {
    name: 'log fsck',
    summary: 'Offline: compare every stored byte with what was signed (as verify)',
    isLocal: true,
    arguments: [['<directory>', 'data folder of a server']],
    options: [
      ...CHECKED,
      { flags: '--witness-key <vkey>', text: 'witness whose cosignature must be there', isRepeated: true },
    ],
    examples: [
      ['countersign log fsck .countersign', 'a running server is not disturbed; exits 5 when anything does not fit'],
    ],
    next: ['restore', 'replay'],
    load: async () => await import('./verify.ts'),
  },
  {
    name: 'log export',
    summary: 'Offline: copy the public part of a log to a folder that any static server can serve',
    isLocal: true,
    arguments: [['[directory]', 'data folder of a server (else .countersign)']],
    options: [{ flags: '--to <folder>', text: 'the copy; continued where one is', isMandatory: true }, ...CHECKED],
    examples: [
      ['countersign log export --to /srv/log', 'every leaf is verified as it is copied; run it again to go on'],
    ],
    next: ['log mirror', 'verify'],
    load: async () => await import('./log-export.ts'),
  },
  {
    name: 'log mirror',
    summary: 'Keep a verified second copy of a log; one that shows two histories is refused',
    isLocal: true,
    options: [
      { flags: '--from <place>', text: 'URL under which /checkpoint is, or a folder', isMandatory: true },
      { flags: '--to <folder>', text: 'the copy; continued where one is', isMandatory: true },
      { flags: '--log-key <vkey>', text: 'key that must have signed', isRepeated: true, isMandatory: true },
      { flags: '--token-file <file>', text: 'login token, for the leaves of a running server' },
    ],
    examples: [
      [
        'countersign log mirror --from https://log.acme.test --to /srv/mirror --log-key log.acme.test+1f2e3d4c+AQ…',
        'exits 5 and keeps both checkpoints when the log was rewritten',
      ],
    ],
    next: ['verify', 'log restore'],
    load: async () => await import('./log-mirror.ts'),
  },
  {
    name: 'log compress',
    summary: 'Offline: keep the full bundles of a log or a copy gzipped; every leaf stays as it is',
    isLocal: true,
    arguments: [['[directory]', 'data folder of a server that is not running, or a copy (else .countersign)']],
    examples: [
      ['countersign log compress /srv/mirror', 'static servers must serve .gz files: nginx with gzip_static always'],
    ],
    next: ['log fsck', 'up'],
    load: async () => await import('./log-compress.ts'),
  },
  {
    name: 'log restore',
    summary: 'Make a damaged log whole from a copy while its server is down (as restore)',
    isLocal: true,
    arguments: [['<data>', 'data folder of a server that is not running']],
    options: [
      { flags: '--from <copy>', text: 'URL of a witness that keeps a copy, or a folder with one', isMandatory: true },
      { flags: '--verify', text: 'compare every stored byte afterwards' },
      { flags: '--passphrase-file <file>', text: 'opens the encrypted key of the log' },
      { flags: '--discard-local', text: 'leave out leaves that the copy’s signed history does not have' },
      { flags: '--origin <name>', text: 'name of the log, when nothing of it is left' },
    ],
    examples: [
      ['countersign log restore .countersign --from /srv/mirror --verify', 'the damaged log is kept beside it'],
    ],
    next: ['log fsck'],
    load: async () => await import('./restore.ts'),
  },
  {
    name: 'log rotate-key',
    summary: 'Give the log a new signing key; the old one signs the leaf that says so, and signs on for a while',
    options: [
      {
        flags: '--overlap <span>',
        text: 'how long the old key signs as well, 0 to 90d (else 7d)',
        parse: parseDuration,
      },
    ],
    examples: [
      ['countersign log rotate-key', 'others follow by themselves'],
      ['countersign log rotate-key --overlap 0', 'when the old key is no longer trusted'],
    ],
    load: async () => await import('./log-rotate.ts'),
  },
]
