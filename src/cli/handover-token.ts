/**
 * Tokens in the form that the tools of their place look for: AWS, Google Cloud and Azure by files that their SDKs read, Kubernetes by
 * a configuration with an exec plugin, others by a file or under a name.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TokenCredential } from './contract-release.ts'
import { Failure } from './failure.ts'
import type { Variables } from './handover-ssh.ts'

export interface TokenLoan {
  readonly target: string
  readonly credential: TokenCredential
  readonly expiresAt: string
}

/** A place is one for a run: of two targets for AWS, the SDK would find one. */
export function lendTokens(loans: readonly TokenLoan[], folder: string): Variables {
  const all = loans.map((loan) => variablesOf(loan, folder))
  const names = all.flatMap((variables) => Object.keys(variables))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new Failure('usage', 'credential_twice', `two targets of this run would both be handed over as ${twice}`, {
      next: 'run them one after the other: --target TARGET',
    })
  return Object.assign({}, ...all) as Variables
}

function variablesOf(loan: TokenLoan, folder: string): Variables {
  const { target, credential } = loan
  const file = join(folder, `token-${target.replace(/[^A-Za-z0-9._-]/gu, '_')}`)
  write(file, credential.token)
  return {
    [`COUNTERSIGN_TOKEN_FILE_${target.toUpperCase().replace(/[^A-Z0-9]/gu, '_')}`]: file,
    ...(credential.variable && { [credential.variable]: credential.token }),
    ...(credential.preset && presets[credential.preset](loan, file)),
  }
}

type Preset = NonNullable<TokenCredential['preset']>

const presets: Readonly<Record<Preset, (loan: TokenLoan, file: string) => Variables>> = {
  // botocore, aws-sdk: "AssumeRoleWithWebIdentity provider".
  aws: ({ credential: { account, serial } }, file) => ({
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_SESSION_NAME: `countersign-${serial}`,
    ...(account && { AWS_ROLE_ARN: account }),
  }),
  google: ({ credential: { audience, account } }, file) => {
    const config = `${file}.google.json`
    write(config, JSON.stringify(externalAccount(audience, account, file)))
    return { GOOGLE_APPLICATION_CREDENTIALS: config, CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: config }
  },
  azure: ({ credential: { account = '' } }, file) => {
    const [tenant, client] = account.split('/')
    return {
      AZURE_FEDERATED_TOKEN_FILE: file,
      ...(tenant && { AZURE_TENANT_ID: tenant }),
      ...(client && { AZURE_CLIENT_ID: client }),
    }
  },
  vault: ({ credential: { host, port } }) => ({ VAULT_ADDR: `https://${placeOf(host, port)}` }),
  kubernetes: (loan, file) => {
    const [config, answer] = [`${file}.kubeconfig`, `${file}.exec.json`]
    const { token } = loan.credential
    const status = { token, expirationTimestamp: loan.expiresAt }
    write(answer, JSON.stringify({ apiVersion: EXEC, kind: 'ExecCredential', status }))
    write(config, JSON.stringify(kubeconfig(loan, answer)))
    return { KUBECONFIG: config }
  },
}

/** AIP-4117: credentials of a workload from outside; the subject token is read from the file each time. */
function externalAccount(audience: string, account: string | undefined, file: string): object {
  const impersonation = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${encodeURIComponent(account ?? '')}:generateAccessToken`
  return {
    type: 'external_account',
    audience: audience.replace(/^https:/u, ''),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file, format: { type: 'text' } },
    ...(account && { service_account_impersonation_url: impersonation }),
  }
}

const EXEC = 'client.authentication.k8s.io/v1'

/** As JSON, which is YAML. The token stands in a file that the plugin prints, and not in the configuration. */
function kubeconfig({ target, credential }: TokenLoan, answer: string): object {
  const { host, port, certificate, account } = credential
  const authority = certificate && {
    'certificate-authority-data': Buffer.from(certificate, 'utf8').toString('base64'),
  }
  const exec = { apiVersion: EXEC, command: 'cat', args: [answer], interactiveMode: 'Never' }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: target, cluster: { server: `https://${placeOf(host, port)}`, ...authority } }],
    users: [{ name: 'job', user: { exec } }],
    contexts: [{ name: target, context: { cluster: target, user: 'job', ...(account && { namespace: account }) } }],
    'current-context': target,
  }
}

function placeOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 })
}
