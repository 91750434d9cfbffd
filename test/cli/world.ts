/** People, releases and rows as the contract spells them, for a fake server to answer with. */

import { base64url } from '../../src/bytes/text.ts'
import {
  challengeOf,
  digestStatement,
  fingerprintOf,
  formatStatement,
  type Statement,
} from '../../src/domain/statement.ts'
import { ORIGIN, type FakeServer } from './fake-server.ts'

export const ana = { id: 'person:0123456789', kind: 'person', name: 'ana', label: 'Ana Ruiz' }
export const job = { id: 'job:0123456789', kind: 'job', name: 'acme/shop run 7' }
export const DIGEST = `sha256:${'9f'.repeat(32)}` as const
export const COMMIT = '4be0c11'.padEnd(40, '0')

export const statement: Statement = {
  origin: ORIGIN,
  release: 'release:0123456789',
  artifact: DIGEST,
  artifactName: 'shop.tgz',
  repository: 'acme/shop',
  commit: COMMIT,
  commitSha256: `sha256:${'aa'.repeat(32)}`,
  environment: 'production',
  policyDigest: `sha256:${'bb'.repeat(32)}`,
  requester: job.id,
  requestedAt: Date.parse('2026-11-23T14:00:00.000Z'),
  expiresAt: Date.parse('2026-11-23T15:00:00.000Z'),
  nonce: 'bm9uY2U',
}

export function releaseOf(said: Statement = statement, more: object = {}) {
  const text = formatStatement(said)
  const digest = digestStatement(text)
  return {
    release: said.release,
    fingerprint: fingerprintOf(digest),
    name: 'shop 4be0c11',
    repository: said.repository,
    environment: said.environment,
    state: 'waiting',
    artifact: said.artifact,
    artifactName: said.artifactName,
    commit: said.commit,
    requestedBy: job,
    requestedAt: new Date(said.requestedAt).toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
    given: 0,
    required: 2,
    leafIndex: 7,
    you: { canApprove: true, because: 'you hold approver' },
    statement: text,
    statementDigest: digest,
    challenge: base64url.encode(challengeOf(text)),
    rpId: 'localhost',
    credentialIds: [],
    policyDigest: said.policyDigest,
    stations: [
      {
        key: 'source',
        title: 'Source',
        state: 'done',
        headline: '1 signed commit',
        lines: ['4be0c11 by @ana'],
        leafIndex: 3,
        binding: 'x',
      },
      { key: 'deploy', title: 'Deploy', state: 'todo', headline: 'not yet', lines: [] },
    ],
    commits: [],
    approvals: [] as { by: typeof ana; at: string; leafIndex: number; userVerified: boolean; software: boolean }[],
    rules: [],
    grants: [],
    risks: [{ kind: 'migration', text: 'it migrates the database' }],
    canApprove: [ana],
    effect: 'a certificate for web-1, 5 minutes',
    voidedBy: '',
    ...more,
  }
}

export function rowOf(leafIndex: number, more: object = {}) {
  return {
    leafIndex,
    at: '2026-11-23T14:02:11.123Z',
    type: 'approval.given',
    outcome: 'allowed',
    who: ana,
    sentence: 'signed approval of shop 4be0c11 to production',
    policies: ['approvers-approve'],
    ...more,
  }
}

export function logStatusOf(server: FakeServer, more: object = {}) {
  const { treeSize, rootHash } = server.proof(server.leaves.length - 1)
  return {
    origin: ORIGIN,
    treeSize,
    rootHash,
    checkpoint: server.checkpoint(),
    signedAt: new Date().toISOString(),
    witnesses: [],
    healthy: true,
    key: server.logKey,
    ...more,
  }
}

/** A login in the future, with the token that the client must keep to itself. */
export function openedOf(token: string, who: object = ana) {
  return { login: 'login:0123456789', token, expiresAt: new Date(Date.now() + 3_600_000).toISOString(), who }
}
