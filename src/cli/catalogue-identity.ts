/** Declarations: where people sign in. */

import type { Declaration } from './command.ts'
import { parseCount } from './text.ts'

export const identity: readonly Declaration[] = [
  {
    name: 'idp add',
    summary: 'Trust an identity provider (OpenID Connect) that people sign in at',
    arguments: [
      ['<idp>', 'a short name for it'],
      ['<issuer>', 'its URL, exactly as in its tokens'],
    ],
    options: [
      { flags: '--client-id <id>', text: 'what it knows this instance as', isMandatory: true },
      { flags: '--client-secret-file <file>', text: 'file with the secret of that client; - reads stdin' },
      { flags: '--scope <scope>', text: 'asked for besides openid', isRepeated: true },
      { flags: '--subject-claim <claim>', text: 'claim that names a person for good (else sub; Entra ID: oid)' },
    ],
    examples: [
      [
        'countersign idp add acme https://login.acme.example --client-id countersign --client-secret-file secret',
        'prints the addresses to enter there',
      ],
    ],
    next: ['people link'],
    load: async () => await import('./idp-add.ts'),
  },
  {
    name: 'idp list',
    summary: 'Identity providers that people sign in at',
    examples: [['countersign idp list', 'a table']],
    load: async () => await import('./idp-list.ts'),
  },
  {
    name: 'idp remove',
    summary: 'Remove an identity provider; every login that rests on it ends',
    arguments: [['<idp>', 'its name']],
    examples: [['countersign idp remove acme', 'takes effect with the next request']],
    load: async () => await import('./idp-remove.ts'),
  },
  {
    name: 'directory add',
    summary: 'Trust a directory (SCIM 2.0) that keeps people and groups here',
    arguments: [['<directory>', 'a short name for it']],
    options: [
      { flags: '--token-file <file>', text: 'new file for its token', isMandatory: true },
      { flags: '--idp <idp>', text: 'where its people sign in, by their externalId' },
      { flags: '--days <count>', text: 'how long its token counts (else 180)', parse: parseCount },
    ],
    examples: [
      ['countersign directory add acme --idp acme --token-file scim.token', 'prints the address to enter there'],
    ],
    load: async () => await import('./directory-add.ts'),
  },
  {
    name: 'directory list',
    summary: 'Directories that keep people and groups here',
    examples: [['countersign directory list', 'a table, with the end of each token']],
    load: async () => await import('./directory-list.ts'),
  },
  {
    name: 'directory remove',
    summary: 'Trust a directory no more; the people that it brought stay',
    arguments: [['<directory>', 'its name']],
    examples: [['countersign directory remove acme', 'takes effect with the next request']],
    load: async () => await import('./directory-remove.ts'),
  },
  {
    name: 'people link',
    summary: 'Link a person with their account at an identity provider',
    arguments: [
      ['<person>', '@handle or person:id'],
      ['<idp>', 'its name'],
      ['<subject>', 'what the provider calls them for good'],
    ],
    examples: [['countersign people link @ana acme 00u1a2b3c4', 'the log keeps a digest of it']],
    load: async () => await import('./people-link.ts'),
  },
  {
    name: 'people unlink',
    summary: 'Unlink a person from their account; logins that rest on it end',
    arguments: [
      ['<person>', '@handle or person:id'],
      ['<idp>', 'its name'],
    ],
    examples: [['countersign people unlink @ana acme', 'takes effect with the next request']],
    load: async () => await import('./people-unlink.ts'),
  },
]
