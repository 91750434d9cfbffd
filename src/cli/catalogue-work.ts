/** Declarations: the way of an artifact into an environment. */

import type { Declaration } from './command.ts'
import { parseCount, parseDuration } from './text.ts'

const WORK = 'Build, release, approve'

const wait = {
  flags: '--wait <span>',
  text: 'how long to wait, as 90s, 30m, 2h (else as long as the request lives)',
  parse: parseDuration,
}
const noWait = { flags: '--no-wait', text: 'do not wait: exit 75 when approval is needed' }
const passkey = {
  flags: '--software-passkey <file>',
  text: 'sign here with the software passkey in FILE, without a browser',
}
const release = ['<release>', 'fingerprint such as K7Q2-9DMX, or release:id'] as const

export const work: readonly Declaration[] = [
  {
    name: 'attest',
    summary: 'In a build job: sign and register the provenance of what was built',
    group: WORK,
    arguments: [['<file...>', 'artifacts that this job built']],
    options: [
      { flags: '--commit <id>', text: 'commit they were built from', isMandatory: true },
      { flags: '--build-type <uri>', text: 'SLSA build type, when it is not the CI’s own' },
      { flags: '--out <file>', text: 'keep the signed envelope in FILE too' },
    ],
    examples: [['countersign attest dist/shop.tgz --commit "$GITHUB_SHA"', 'in the job that built it']],
    next: ['run'],
    load: async () => await import('./attest.ts'),
  },
  {
    name: 'run',
    summary: 'In a deploy job: ask for the release, wait, lend the credentials to CMD, take them back',
    group: WORK,
    arguments: [['<cmd...>', 'after --, the program that deploys, with its arguments']],
    options: [
      { flags: '--env <environment>', text: 'where to', isMandatory: true },
      { flags: '--artifact <file>', text: 'the artifact: a file, or sha256:digest', isMandatory: true },
      {
        flags: '--target <target>',
        text: 'target to hold credentials for (else all of the environment)',
        isRepeated: true,
      },
      { flags: '--release <release>', text: 'go on with a release that was requested before' },
      wait,
      noWait,
    ],
    isPassage: true,
    examples: [
      [
        'countersign run --env production --artifact dist/shop.tgz -- ./deploy.sh',
        'SSH_AUTH_SOCK and PGSERVICE are set for deploy.sh',
      ],
      [
        'countersign run --env production --artifact sha256:9f2c… --target web-1 --no-wait -- ./deploy.sh',
        'exits 75 instead of waiting',
      ],
    ],
    next: ['why', 'release show'],
    load: async () => await import('./run.ts'),
  },
  {
    name: 'observe',
    summary: 'Report what was done, step by step: one observation, or the lines of stdin (NDJSON)',
    group: WORK,
    options: [
      { flags: '--kind <kind>', text: 'what happened, such as test.finished (else stdin is read)' },
      { flags: '--about <id>', text: 'release:id or grant:id (else this run)' },
      { flags: '--status <word>', text: 'how it ended, such as passed' },
      { flags: '--digest <digest>', text: 'sha256:digest of what was read, made or printed' },
      { flags: '--duration <span>', text: 'how long it took, as 90s, 30m, 2h', parse: parseDuration },
      { flags: '--fact <name=value>', text: 'a number, true, false or a word without spaces', isRepeated: true },
      { flags: '--text <text>', text: 'for people; the log holds a commitment to it alone' },
      { flags: '--at <instant>', text: 'when it happened (else now)' },
    ],
    examples: [
      ['countersign observe --kind test.finished --status passed --fact failed=0', 'in a job, about its own run'],
      ['./deploy.sh --events | countersign observe', 'one JSON object a line, a thousand to a request'],
    ],
    next: ['why', 'trail query'],
    load: async () => await import('./observe.ts'),
  },
  {
    name: 'release request',
    summary: 'In a job: ask to release an artifact, without running anything',
    options: [
      { flags: '--env <environment>', text: 'where to', isMandatory: true },
      { flags: '--artifact <file>', text: 'the artifact: a file, or sha256:digest', isMandatory: true },
    ],
    examples: [
      ['countersign release request --env production --artifact dist/shop.tgz', 'exits 75 when approval is needed'],
    ],
    next: ['release wait', 'run'],
    load: async () => await import('./release-request.ts'),
  },
  {
    name: 'release list',
    summary: 'Releases, newest first',
    options: [
      {
        flags: '--state <state>',
        text: 'only these',
        choices: ['waiting', 'approved', 'deploying', 'deployed', 'failed', 'refused', 'expired', 'voided'],
      },
      { flags: '--limit <count>', text: 'at most so many', parse: parseCount },
    ],
    examples: [['countersign release list --state waiting', 'what waits']],
    next: ['release show', 'approve'],
    load: async () => await import('./release-list.ts'),
  },
  {
    name: 'release show',
    summary: 'One release: what, why, who, with which credential',
    arguments: [release],
    examples: [['countersign release show K7Q2-9DMX', 'the six stations from source to deploy']],
    next: ['approve', 'why'],
    load: async () => await import('./release-show.ts'),
  },
  {
    name: 'release wait',
    summary: 'Wait until a release is approved or refused',
    arguments: [release],
    options: [wait],
    isStream: true,
    examples: [
      ['countersign release wait K7Q2-9DMX --wait 30m', 'exits 0 approved, 3 refused, 124 when the wait ran out'],
    ],
    load: async () => await import('./release-wait.ts'),
  },
  {
    name: 'approve',
    summary: 'Sign your approval of a release',
    group: WORK,
    arguments: [release],
    options: [
      passkey,
      { ...wait, text: 'how long to wait for the browser (else 5m)' },
      { ...noWait, text: 'print the page and exit 75' },
    ],
    examples: [
      ['countersign approve K7Q2-9DMX', 'opens the page where you sign with your passkey'],
      ['countersign approve K7Q2-9DMX --software-passkey ana.passkey', 'signs here, after checking the statement'],
    ],
    next: ['release show', 'refuse'],
    load: async () => await import('./approve.ts'),
  },
  {
    name: 'refuse',
    summary: 'Sign your refusal of a release',
    group: WORK,
    arguments: [release],
    options: [
      { flags: '--reason <text>', text: 'why; recorded', isMandatory: true },
      passkey,
      { ...wait, text: 'how long to wait for the browser (else 5m)' },
      { ...noWait, text: 'print the page and exit 75' },
    ],
    examples: [['countersign refuse K7Q2-9DMX --reason "migration is not reversible"', 'the release is over']],
    load: async () => await import('./refuse.ts'),
  },
  {
    name: 'break-glass begin',
    summary: 'Let a release go now, without the approvals that are missing',
    arguments: [release],
    options: [passkey, { flags: '--reason <text>', text: 'why; recorded', isMandatory: true }],
    examples: [
      [
        'countersign break-glass begin K7Q2-9DMX --reason "checkout is down"',
        'everybody is alerted; somebody else judges it',
      ],
    ],
    next: ['break-glass list', 'break-glass review'],
    load: async () => await import('./break-glass-begin.ts'),
  },
  {
    name: 'break-glass review',
    summary: 'Judge a break-glass of somebody else',
    arguments: [['<breakglass>', 'its id, from break-glass list']],
    options: [
      passkey,
      {
        flags: '--verdict <verdict>',
        text: 'how it is judged',
        choices: ['justified', 'unjustified'],
        isMandatory: true,
      },
      { flags: '--reason <text>', text: 'why; recorded', isMandatory: true },
    ],
    examples: [
      [
        'countersign break-glass review breakglass:0b7c5k2m9q4t8w1z --verdict justified --reason "the fix was right"',
        'the next one is possible again',
      ],
    ],
    load: async () => await import('./break-glass-review.ts'),
  },
  {
    name: 'break-glass list',
    summary: 'Every break-glass that nobody judged yet',
    examples: [['countersign break-glass list', 'who, when, and until when it is to be judged']],
    next: ['break-glass review'],
    load: async () => await import('./break-glass-list.ts'),
  },
  {
    name: 'freeze begin',
    summary: 'Freeze an environment: nothing is released into it until then',
    arguments: [['<environment>', 'its name']],
    options: [
      { flags: '--reason <text>', text: 'why; recorded', isMandatory: true },
      { flags: '--from <time>', text: 'when it begins, as 2026-12-24T12:00:00Z (else now)' },
      { flags: '--until <time>', text: 'when it is over (else when it is ended)' },
    ],
    examples: [
      ['countersign freeze begin production --reason "we are looking into an alert"', 'at once, until it is ended'],
      [
        'countersign freeze begin production --reason holidays --from 2026-12-24T12:00:00Z --until 2026-12-27T06:00:00Z',
        'a window',
      ],
    ],
    next: ['freeze list', 'freeze end'],
    load: async () => await import('./freeze-begin.ts'),
  },
  {
    name: 'freeze end',
    summary: 'End a freeze before its time',
    arguments: [['<freeze>', 'its id, from freeze list']],
    examples: [['countersign freeze end freeze:0b7c5k2m9q4t8w1z', 'releases go on']],
    load: async () => await import('./freeze-end.ts'),
  },
  {
    name: 'freeze list',
    summary: 'What is frozen, and what will be',
    examples: [['countersign freeze list', 'a table']],
    load: async () => await import('./freeze-list.ts'),
  },
]
