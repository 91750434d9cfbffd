/** Declarations: groups, what they hold, and networks that policies name. */

import type { Declaration, OptionDeclaration } from './command.ts'

/** Where and when a role counts. */
export const bounds: readonly OptionDeclaration[] = [
  { flags: '--scope <scope>', text: 'where it counts, such as environment:production (else everywhere)' },
  { flags: '--from <instant>', text: 'RFC 3339 instant when it begins (else now)' },
  { flags: '--until <instant>', text: 'RFC 3339 instant when it ends (else never)' },
]
export const place: OptionDeclaration = {
  flags: '--scope <scope>',
  text: 'where it was given, such as environment:production (else everywhere)',
}
const reason: OptionDeclaration = { flags: '--reason <text>', text: 'why' }
const group = ['<group>', 'its name'] as const
const person = ['<person>', '@handle or person:id'] as const
const role = ['<role>', 'name of the role'] as const

export const access: readonly Declaration[] = [
  {
    name: 'group list',
    summary: 'Groups, who is in them, and what they hold',
    examples: [['countersign group list', 'a table']],
    load: async () => await import('./group-list.ts'),
  },
  {
    name: 'group add',
    summary: 'Define a group, with nobody in it',
    arguments: [group],
    examples: [['countersign group add payments', 'one leaf']],
    next: ['group member add', 'group role add'],
    load: async () => await import('./group-add.ts'),
  },
  {
    name: 'group remove',
    summary: 'Remove a group; what it held, its members hold no more',
    arguments: [group],
    examples: [['countersign group remove payments', 'takes effect with the next request']],
    load: async () => await import('./group-remove.ts'),
  },
  {
    name: 'group member add',
    summary: 'Put a person into a group',
    arguments: [group, person],
    options: [reason],
    examples: [['countersign group member add payments @ana', 'holds what the group holds']],
    load: async () => await import('./group-member-add.ts'),
  },
  {
    name: 'group member remove',
    summary: 'Take a person out of a group',
    arguments: [group, person],
    examples: [['countersign group member remove payments @ana', 'takes effect with the next request']],
    load: async () => await import('./group-member-remove.ts'),
  },
  {
    name: 'group role add',
    summary: 'Give a role to everybody in a group',
    arguments: [group, role],
    options: [...bounds, reason],
    examples: [['countersign group role add payments approver --scope environment:production', 'one leaf']],
    load: async () => await import('./group-role-add.ts'),
  },
  {
    name: 'group role remove',
    summary: 'Take a role from a group',
    arguments: [group, role],
    options: [place],
    examples: [['countersign group role remove payments approver --scope environment:production', 'one leaf']],
    load: async () => await import('./group-role-remove.ts'),
  },
  {
    name: 'network list',
    summary: 'Networks that policies name, and those that you are in',
    examples: [['countersign network list', 'a table']],
    load: async () => await import('./network-list.ts'),
  },
  {
    name: 'network add',
    summary: 'Define a network, or change it',
    arguments: [['<network>', 'its name']],
    options: [
      { flags: '--cidr <cidr>', text: 'addresses in it, such as 192.0.2.0/24', isRepeated: true, isMandatory: true },
    ],
    examples: [['countersign network add office --cidr 192.0.2.0/24 --cidr 2001:db8::/48', 'one leaf']],
    load: async () => await import('./network-add.ts'),
  },
  {
    name: 'network remove',
    summary: 'Remove a network; nobody asks from there any more',
    arguments: [['<network>', 'its name']],
    examples: [['countersign network remove office', 'one leaf']],
    load: async () => await import('./network-remove.ts'),
  },
]
