/** Declarations: what administrators set up once. */

import { DIALECTS } from '../evidence/oidc-dialect.ts'
import type { Declaration } from './command.ts'
import { parseCount, parseDuration } from './text.ts'

export const admin: readonly Declaration[] = [
  {
    name: 'issuer add',
    summary: 'Trust the OIDC tokens of a CI',
    arguments: [['<issuer>', 'its URL, exactly as in its tokens']],
    options: [
      { flags: '--kind <kind>', text: 'whose claims it speaks', choices: [...DIALECTS], isMandatory: true },
      { flags: '--jwks-uri <url>', text: 'where its keys are (else by discovery)' },
      { flags: '--audience <audience>', text: 'audience of its tokens (else the one of this instance)' },
      { flags: '--claim <fact=claim>', text: 'custom: what it calls a fact, as runId=pipeline', isRepeated: true },
      {
        flags: '--login-lifetime <span>',
        text: 'how long a job stays signed in on one token (else 1h)',
        parse: parseDuration,
      },
    ],
    examples: [['countersign issuer add https://token.actions.githubusercontent.com --kind github', 'one leaf']],
    load: async () => await import('./issuer-add.ts'),
  },
  {
    name: 'environment add',
    summary: 'Define an environment, or change it',
    arguments: [['<environment>', 'its name']],
    options: [
      {
        flags: '--approvals <count>',
        text: 'how many people must agree (0 to 10)',
        parse: parseNumber,
        isMandatory: true,
      },
      { flags: '--approver-role <role>', text: 'role of those who may', isMandatory: true },
      { flags: '--target <target>', text: 'target that belongs to it', isRepeated: true },
      {
        flags: '--ref <pattern>',
        text: 'references that may be released from (else refs/heads/main)',
        isRepeated: true,
      },
      { flags: '--grant-lifetime <span>', text: 'how long a credential lives (else 5m)', parse: parseDuration },
      { flags: '--request-lifetime <span>', text: 'how long a request waits (else 1h)', parse: parseDuration },
      { flags: '--review-within <span>', text: 'how soon a break-glass is judged (else 24h)', parse: parseDuration },
    ],
    examples: [
      [
        'countersign environment add production --approvals 2 --approver-role approver --target web-1',
        'two people, five minutes',
      ],
    ],
    load: async () => await import('./environment-add.ts'),
  },
  {
    name: 'environment list',
    summary: 'Environments as they are defined now',
    examples: [['countersign environment list', 'a table']],
    load: async () => await import('./environment-list.ts'),
  },
  {
    name: 'target add',
    summary: 'Define a host, database, cloud or API that credentials are lent for, or change it',
    arguments: [['<target>', 'its name']],
    options: [
      { flags: '--kind <kind>', text: 'what it is', choices: ['ssh', 'postgres', 'mysql', 'oidc', 'x509'], isMandatory: true },
      { flags: '--address <host:port>', text: 'where it is', isMandatory: true },
      { flags: '--login <name>', text: 'ssh: account that a job may log in as', isRepeated: true },
      { flags: '--host-key <line>', text: 'ssh: the key that the host must show, as "ssh-ed25519 AAAA…"' },
      { flags: '--force-command <command>', text: 'ssh: the only command that may run' },
      { flags: '--source-address <cidr>', text: 'ssh: where a job must come from' },
      { flags: '--database <name>', text: 'postgres, mysql: database' },
      { flags: '--parent-role <role>', text: 'postgres, mysql: role whose rights a job gets' },
      { flags: '--admin-file <path>', text: 'postgres, mysql: file on the server (mode 0600) with the administrator’s URL' },
      { flags: '--audience <audience>', text: 'oidc: whom the token is for' },
      {
        flags: '--preset <preset>',
        text: 'oidc: how its tools look for a token',
        choices: ['aws', 'google', 'azure', 'vault', 'kubernetes'],
      },
      {
        flags: '--account <account>',
        text: 'oidc, x509: whom a job becomes: AWS role, Google account, Azure tenant/client, common name',
      },
      { flags: '--variable <name>', text: 'oidc: put the token into this variable, too, as DEPLOY_TOKEN' },
      { flags: '--certificate-file <file>', text: 'oidc, x509: certificate authority of the place, as PEM' },
    ],
    examples: [
      [
        'countersign target add web-1 --kind ssh --address web-1:22 --login deploy --host-key "$(ssh-keyscan -t ed25519 web-1 | cut -d" " -f2-)"',
        'a host',
      ],
      [
        'countersign target add ledger --kind postgres --address db:5432 --database ledger --parent-role migrator --admin-file /etc/countersign/ledger',
        'a database',
      ],
      [
        'countersign target add cloud --kind oidc --address sts.amazonaws.com:443 --audience sts.amazonaws.com --preset aws --account arn:aws:iam::123456789012:role/deploy',
        'a role in AWS, without a key of AWS',
      ],
    ],
    load: async () => await import('./target-add.ts'),
  },
  {
    name: 'target list',
    summary: 'Hosts and databases as they are defined now',
    examples: [['countersign target list', 'a table']],
    load: async () => await import('./target-list.ts'),
  },
  {
    name: 'target follow',
    summary: 'On a host: keep sshd’s list of revoked keys fresh',
    options: [{ flags: '--revoked-keys <file>', text: 'the file that sshd’s RevokedKeys names', isMandatory: true }],
    examples: [
      [
        'countersign target follow --revoked-keys /etc/ssh/revoked_keys',
        'a certificate that was taken back is refused within a second',
      ],
    ],
    load: async () => await import('./target-follow.ts'),
  },
  {
    name: 'policy apply',
    summary: 'Put a folder of policies into force',
    arguments: [['<folder>', 'folder with .cedar files and one .cedarschema']],
    examples: [
      ['countersign policy apply policies/', 'checked here first; an invalid set is refused and the old one stays'],
    ],
    next: ['policy check'],
    load: async () => await import('./policy-apply.ts'),
  },
]

function parseNumber(text: string): number {
  return text === '0' ? 0 : parseCount(text)
}
