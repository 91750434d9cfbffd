/** Declarations: what people do around an approval. */

import type { Declaration } from './command.ts'

const release = ['<release>', 'fingerprint such as K7Q2-9DMX, or release:id'] as const

export const approval: readonly Declaration[] = [
  {
    name: 'ask',
    summary: 'Ask about a release before you decide',
    group: 'Build, release, approve',
    arguments: [release],
    options: [{ flags: '--question <text>', text: 'what you want to know; recorded', isMandatory: true }],
    examples: [['countersign ask K7Q2-9DMX --question "is the migration reversible?"', 'stands at the release']],
    next: ['answer', 'release show'],
    load: async () => await import('./ask.ts'),
  },
  {
    name: 'answer',
    summary: 'Answer a question about a release',
    group: 'Build, release, approve',
    arguments: [release, ['<inquiry>', 'its id, from ask or release show']],
    options: [{ flags: '--answer <text>', text: 'the answer; recorded', isMandatory: true }],
    examples: [['countersign answer K7Q2-9DMX inquiry:0b7c5k2m9q4t8w1z --answer "it is"', 'stands at the release']],
    load: async () => await import('./answer.ts'),
  },
  {
    name: 'withdraw',
    summary: 'Take your approval back, as long as nothing was lent for it',
    group: 'Build, release, approve',
    arguments: [release],
    examples: [['countersign withdraw K7Q2-9DMX', 'the release waits again']],
    next: ['refuse'],
    load: async () => await import('./withdraw.ts'),
  },
  {
    name: 'release statement',
    summary: 'The in-toto statement that approvers sign, with who signed it',
    arguments: [release],
    examples: [['countersign release statement K7Q2-9DMX --json', 'ready for a DSSE envelope']],
    load: async () => await import('./release-statement.ts'),
  },
  {
    name: 'delegation add',
    summary: 'Have somebody approve in your name while you are away',
    arguments: [['<person>', 'their @handle or id']],
    options: [
      { flags: '--until <time>', text: 'when it is over, as 2026-12-27T06:00:00Z', isMandatory: true },
      { flags: '--from <time>', text: 'when it begins (else now)' },
      { flags: '--reason <text>', text: 'why; recorded' },
    ],
    examples: [['countersign delegation add @mara --until 2026-12-27T06:00:00Z', 'both names stand at each yes']],
    next: ['delegation list', 'delegation end'],
    load: async () => await import('./delegation-add.ts'),
  },
  {
    name: 'delegation end',
    summary: 'End a delegation before its time',
    arguments: [['<delegation>', 'its id, from delegation list']],
    examples: [['countersign delegation end delegation:0b7c5k2m9q4t8w1z', 'at once']],
    load: async () => await import('./delegation-end.ts'),
  },
  {
    name: 'delegation list',
    summary: 'Who approves in whose name, now or later',
    examples: [['countersign delegation list', 'a table']],
    load: async () => await import('./delegation-list.ts'),
  },
]
