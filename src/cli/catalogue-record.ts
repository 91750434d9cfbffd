/** Declarations: asking the record, and checking it. */

import type { Declaration } from './command.ts'
import { FRAMEWORKS } from '../domain/package/manifest.ts'
import { parseCount, parseDuration, parseIndex } from './text.ts'

const RECORD = 'Ask and verify'

export const record: readonly Declaration[] = [
  {
    name: 'why',
    summary: 'The whole chain behind an artifact, commit, release, credential or leaf',
    group: RECORD,
    arguments: [['<id>', 'artifact digest or file, commit, serial, fingerprint, grant, leaf index']],
    examples: [
      ['countersign why sha256:9f2c…', 'who put this into production, with which permission'],
      ['countersign why 18170', 'why leaf 18170 says what it says'],
    ],
    next: ['trail show', 'verify', 'policy explain'],
    load: async () => await import('./why.ts'),
  },
  {
    name: 'trail query',
    summary: 'Search the log (also: countersign trail)',
    isDefault: true,
    arguments: [['[query...]', 'such as outcome:refused who:@ana env:production, or @name of a saved search']],
    options: [
      { flags: '--limit <count>', text: 'at most so many leaves (else 50)', parse: parseCount },
      { flags: '--after <leaf-index>', text: 'only later leaves, oldest first', parse: parseIndex },
      { flags: '--before <leaf-index>', text: 'only earlier leaves', parse: parseIndex },
      { flags: '--export <file>', text: 'write everything that is found into FILE, oldest first' },
      {
        flags: '--format <format>',
        text: 'of that file (else jsonl); json and jsonl are verified here',
        choices: ['csv', 'json', 'jsonl', 'cloudevents', 'ocsf', 'cdevents', 'ecs', 'otel'],
      },
    ],
    isStream: true,
    examples: [
      ["countersign trail query 'outcome:refused env:production'", 'refusals, newest first'],
      ["countersign trail query 'since:7d type:grant.* | count by who | top 10'", 'who obtained most credentials'],
      ["countersign trail query 'since:30d' --export trail.jsonl", 'a file in which each leaf proves itself'],
      ['countersign trail query --after 0 --jsonl', 'everything, one JSON object a line'],
    ],
    next: ['trail show', 'trail tail', 'trail save'],
    load: async () => await import('./trail-query.ts'),
  },
  {
    name: 'trail save',
    summary: 'Keep a search under a name: countersign trail @name asks it again',
    arguments: [
      ['<name>', 'letters, digits, and . _ / - or spaces in between'],
      ['<query...>', 'as for countersign trail'],
    ],
    options: [{ flags: '--shared', text: 'put it into the list of everyone who reads the trail' }],
    examples: [
      ["countersign trail save refusals 'outcome:refused env:production'", 'in your own list'],
      ["countersign trail save --shared approvals 'type:approval.* since:7d'", 'in the list of everyone'],
    ],
    next: ['trail searches'],
    load: async () => await import('./trail-save.ts'),
  },
  {
    name: 'trail searches',
    summary: 'Saved searches: yours, and those that others share',
    examples: [['countersign trail searches', 'names, owners and queries']],
    next: ['trail query', 'trail unsave'],
    load: async () => await import('./trail-searches.ts'),
  },
  {
    name: 'trail unsave',
    summary: 'Drop a saved search',
    arguments: [['<name>', 'its name, or its id']],
    examples: [['countersign trail unsave refusals', 'the log keeps that it was there']],
    next: ['trail searches'],
    load: async () => await import('./trail-unsave.ts'),
  },
  {
    name: 'trail tail',
    summary: 'Follow the log as it grows, or what a query asks for',
    arguments: [['[query...]', 'as for countersign trail, or @name of a saved search; else everything']],
    options: [
      { flags: '--after <leaf-index>', text: 'start behind this leaf', parse: parseIndex },
      { flags: '--count <count>', text: 'end after so many leaves', parse: parseCount },
    ],
    isStream: true,
    examples: [
      ['countersign trail tail', 'until interrupted; resumes without loss after a broken connection'],
      ["countersign trail tail 'outcome:refused env:production'", 'the server sends nothing else'],
      ['countersign trail tail @refusals --jsonl', 'a saved search, one JSON object a line'],
    ],
    load: async () => await import('./trail-tail.ts'),
  },
  {
    name: 'trail show',
    summary: 'One leaf with its facts; its proof is verified here',
    arguments: [['<leaf-index>', 'number of the leaf, from 0']],
    examples: [['countersign trail show 18170', 'exits 5 when the proof is wrong']],
    next: ['why'],
    load: async () => await import('./trail-show.ts'),
  },
  {
    name: 'trail prove',
    summary: 'The proof of one leaf as a file that anybody can verify offline (C2SP tlog-proof)',
    arguments: [['<leaf-index>', 'number of the leaf, from 0']],
    options: [{ flags: '-o, --output <file>', text: 'where it is written; never over a file', isMandatory: true }],
    examples: [
      ['countersign trail prove 18170 -o 18170.tlog-proof', 'then: countersign verify 18170.tlog-proof --log-key …'],
    ],
    next: ['verify'],
    load: async () => await import('./trail-prove.ts'),
  },
  {
    name: 'verify',
    summary: 'Offline: whether a stored log or a package is what was signed; names what is not',
    group: RECORD,
    isLocal: true,
    arguments: [['<directory>', 'data folder of a server, any C2SP tlog-tiles folder, or a file *.csevidence']],
    options: [
      { flags: '--log-key <vkey>', text: 'key that may have signed (else leaf 0 says whose)', isRepeated: true },
      { flags: '--witness-key <vkey>', text: 'witness whose cosignature must be there', isRepeated: true },
      {
        flags: '--tsa-ca <file>',
        text: 'certificates (PEM) of an authority whose time stamps must be there',
        isRepeated: true,
      },
    ],
    examples: [
      ['countersign verify .countersign', 'exits 5 when anything does not fit; a running server is not disturbed'],
      ['countersign verify q1.csevidence', 'an evidence package, check by check'],
      ['countersign verify 18170.tlog-proof --log-key log.acme.test+1f2e3d4c+AQ…', 'one leaf'],
    ],
    next: ['replay'],
    load: async () => await import('./verify.ts'),
  },
  {
    name: 'replay',
    summary: 'Offline: decide every decision again, from log and evidence alone',
    group: RECORD,
    isLocal: true,
    arguments: [['<directory>', 'data folder of a server, or a file *.csevidence']],
    options: [
      { flags: '--from <leaf-index>', text: 'first leaf to decide again (else 0)', parse: parseIndex },
      { flags: '--log-key <vkey>', text: 'key that may have signed a package', isRepeated: true },
    ],
    examples: [['countersign replay .countersign', 'exits 5 when a decision comes out differently']],
    next: ['verify'],
    load: async () => await import('./replay.ts'),
  },
  {
    name: 'evidence export',
    summary: 'One period of the log as one file that proves itself, for an auditor',
    options: [
      { flags: '--from <leaf-or-date>', text: 'first leaf, day or instant (UTC)', isMandatory: true },
      {
        flags: '--to <leaf-or-date>',
        text: 'end: leaf or instant that is not in it, or day that is',
        isMandatory: true,
      },
      { flags: '--framework <name>', text: 'control map to put in (else all)', choices: FRAMEWORKS },
      { flags: '--samples <count>', text: 'releases to pick at random', parse: parseCount },
      { flags: '--nonce <words>', text: 'words of the auditor that the picks depend on' },
      { flags: '--withhold <what>', text: 'leave out personal data; digests stay', choices: ['personal'] },
      { flags: '-o, --output <file>', text: 'file to write, *.csevidence', isMandatory: true },
    ],
    examples: [
      ['countersign evidence export --from 2026-01-01 --to 2026-03-31 --framework soc2 -o q1.csevidence', 'a quarter'],
      [
        "countersign evidence export --from 0 --to 18170 --samples 25 --nonce 'dice: 4 2 6' -o x.csevidence",
        'with samples',
      ],
    ],
    next: ['verify', 'evidence report'],
    load: async () => await import('./evidence-export.ts'),
  },
  {
    name: 'evidence report',
    summary: 'An evidence package for printing: a cover, and a page for each sample',
    isLocal: true,
    arguments: [['<package>', 'file *.csevidence']],
    options: [
      { flags: '-o, --output <file>', text: 'HTML file to write', isMandatory: true },
      { flags: '--log-key <vkey>', text: 'key that may have signed it', isRepeated: true },
      { flags: '--witness-key <vkey>', text: 'witness that must have cosigned it', isRepeated: true },
    ],
    examples: [
      [
        'countersign evidence report q1.csevidence -o q1.html',
        'checked first; exits 5, and writes nothing, when a check fails',
      ],
    ],
    next: ['verify', 'replay'],
    load: async () => await import('./evidence-report.ts'),
  },
  {
    name: 'policy check',
    summary: 'Validate the Cedar policies in a folder, strictly; nothing is activated',
    arguments: [['<folder>', 'folder with .cedar files']],
    isLocal: true,
    examples: [['countersign policy check policies/', 'exits 1 with each error and its place']],
    load: async () => await import('./policy-check.ts'),
  },
  {
    name: 'policy test',
    summary: 'Ask the policies in a folder every case in its ALLOW and DENY; nothing is activated',
    arguments: [['<folder>', 'folder with .cedar files']],
    options: [
      { flags: '--cases <folder>', text: 'where ALLOW and DENY are (else beside the policies)' },
      { flags: '--junit <file>', text: 'also write a JUnit report' },
      { flags: '--complete', text: 'fail as well when a policy decides no case' },
    ],
    isLocal: true,
    examples: [['countersign policy test policies/ --complete', 'exits 1 with each case that is answered differently']],
    next: ['policy check', 'policy replay'],
    load: async () => await import('./policy-test.ts'),
  },
  {
    name: 'policy replay',
    summary: 'Offline: what a folder of policies would have answered in history',
    arguments: [
      ['<folder>', 'folder with .cedar files'],
      ['<data>', 'data folder of a server, or a copy of it'],
    ],
    options: [
      { flags: '--since <span>', text: 'only the last days, such as 90d (else all)', parse: parseDuration },
      { flags: '--from <leaf-index>', text: 'first leaf to ask again', parse: parseIndex },
    ],
    isLocal: true,
    examples: [
      [
        'countersign policy replay policies/ .countersign --since 90d',
        'exits 1 with each decision that would be another, and by which policy',
      ],
    ],
    next: ['policy test', 'policy apply'],
    load: async () => await import('./policy-replay.ts'),
  },
  {
    name: 'policy explain',
    summary: 'Offline: why a leaf was decided as it was, and which one fact would turn it',
    arguments: [
      ['<id>', 'leaf index, or a release for its last decision'],
      ['<data>', 'data folder of a server, or a copy of it'],
    ],
    isLocal: true,
    examples: [
      [
        'countersign policy explain 18170 .countersign',
        'the policies with their text, the facts, and what would turn it',
      ],
    ],
    next: ['why', 'policy replay'],
    load: async () => await import('./policy-explain.ts'),
  },
]
