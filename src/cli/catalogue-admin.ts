/** Declarations: what administrators set up once. */

import { DIALECTS } from '../evidence/oidc-dialect.ts'
import { parseFrom, parseRule } from './approval-rule.ts'
import type { Declaration } from './command.ts'
import { parseCount, parseDuration } from './text.ts'

const askedIn = ['<leaf-index>', 'the leaf that asked for it, as countersign policy waiting lists it'] as const
const passkey = {
  flags: '--software-passkey <file>',
  text: 'sign with this passkey file; for demos, CI and tests',
}

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
      },
      {
        flags: '--rule <rule>',
        text: 'instead: 2:role:approver, 1:group:leads, 1:people:person:…; all are to be met',
        parse: parseRule,
        isRepeated: true,
      },
      { flags: '--approver-role <role>', text: 'role of those who may', isMandatory: true },
      { flags: '--escalate-after <span>', text: 'how long it waits before others are asked', parse: parseDuration },
      { flags: '--escalate-to <who>', text: 'these others, as role:managers', parse: parseFrom },
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
      [
        'countersign environment add production --rule 1:role:approver --rule 1:group:security --approver-role approver',
        'one of each, two different people',
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
      {
        flags: '--kind <kind>',
        text: 'what it is',
        choices: ['ssh', 'postgres', 'mysql', 'oidc', 'x509', 'github', 'secret'],
        isMandatory: true,
      },
      { flags: '--address <host:port>', text: 'where it is', isMandatory: true },
      { flags: '--login <name>', text: 'ssh: account that a job may log in as', isRepeated: true },
      { flags: '--host-key <line>', text: 'ssh: the key that the host must show, as "ssh-ed25519 AAAA…"' },
      { flags: '--force-command <command>', text: 'ssh: the only command that may run' },
      { flags: '--source-address <cidr>', text: 'ssh: where a job must come from' },
      { flags: '--database <name>', text: 'postgres, mysql: database' },
      { flags: '--parent-role <role>', text: 'postgres, mysql: role whose rights a job gets' },
      {
        flags: '--admin-file <path>',
        text: 'postgres, mysql, github: file on the server (mode 0600) with how it gets in',
      },
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
      { flags: '--variable <name>', text: 'variable that a job finds the token or secret in, as DEPLOY_TOKEN' },
      { flags: '--certificate-file <file>', text: 'oidc, x509: certificate authority of the place, as PEM' },
      { flags: '--repository <owner/name>', text: 'github: the one repository' },
      { flags: '--permission <name=level>', text: 'github: what a job may do, as contents=write', isRepeated: true },
      { flags: '--rotate-after-days <days>', text: 'secret: how old it may be', parse: parseCount },
    ],
    examples: [
      [
        'countersign target add npm --kind secret --address packages.acme.test:443 --variable NPM_TOKEN --rotate-after-days 90',
        'a secret that cannot be avoided',
      ],
      [
        'countersign target add pages --kind github --address api.github.com:443 --repository acme/pages --permission contents=write --admin-file /etc/countersign/github',
        'one repository at GitHub',
      ],
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
    name: 'target host-cert',
    summary: 'Certify the key of a host, so that jobs know it without its key',
    arguments: [['<target>', 'its name']],
    options: [
      { flags: '--public-key-file <file>', text: 'the host’s .pub file', isMandatory: true },
      { flags: '--days <days>', text: 'how long it is good (else 90)', parse: parseCount },
    ],
    examples: [
      [
        'countersign target host-cert web-1 --public-key-file ssh_host_ed25519_key.pub > ssh_host_ed25519_key-cert.pub',
        'name the file in HostCertificate of sshd_config',
      ],
    ],
    load: async () => await import('./target-host-cert.ts'),
  },
  {
    name: 'target secret',
    summary: 'Set the secret of a target, which replaces the one before',
    arguments: [['<target>', 'its name']],
    options: [{ flags: '--file <file>', text: 'file with the secret; - reads stdin', isMandatory: true }],
    examples: [
      ['countersign target secret npm --file - < npm-token', 'kept encrypted; the log holds its version alone'],
    ],
    load: async () => await import('./target-secret.ts'),
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
    summary: 'Put a folder of policies into force, or ask another administrator to',
    arguments: [['<folder>', 'folder with .cedar files and one .cedarschema']],
    options: [
      {
        flags: '--since <span>',
        text: 'how much of history is asked again and bound into the leaf (else 90d; 0 for none)',
        parse: parseDuration,
      },
    ],
    examples: [
      ['countersign policy apply policies/', 'checked here first; an invalid set is refused and the old one stays'],
    ],
    next: ['policy waiting', 'policy agree'],
    load: async () => await import('./policy-apply.ts'),
  },
  {
    name: 'policy waiting',
    summary: 'Changes of the policies that wait for a second administrator',
    examples: [['countersign policy waiting', 'who asked, and what history would have been']],
    next: ['policy agree', 'policy decline'],
    load: async () => await import('./policy-waiting.ts'),
  },
  {
    name: 'policy agree',
    summary: 'Agree to policies that another administrator asked for',
    arguments: [askedIn],
    options: [passkey],
    examples: [['countersign policy agree 4711', 'shows what is signed, and signs it; they are in force at once']],
    next: ['policy explain', 'verify'],
    load: async () => await import('./policy-agree.ts'),
  },
  {
    name: 'policy decline',
    summary: 'Decline a change of the policies, or withdraw your own',
    arguments: [askedIn],
    options: [passkey, { flags: '--reason <text>', text: 'why; recorded', isMandatory: true }],
    examples: [['countersign policy decline 4711 --reason "locks out the auditors"', 'the old ones stay in force']],
    next: ['policy waiting'],
    load: async () => await import('./policy-decline.ts'),
  },
]

function parseNumber(text: string): number {
  return text === '0' ? 0 : parseCount(text)
}
