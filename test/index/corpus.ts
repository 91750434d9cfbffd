/** Rows as a busy company's log has them: releases with their pushes, logins, approvals and credentials, some of it refused. */

import { createHash } from 'node:crypto'
import type { Indexed } from '../../src/index/trail.ts'

export const NOW = Date.UTC(2026, 10, 18, 10)

type Part = Pick<Indexed, 'type' | 'outcome' | 'who' | 'sentence'> &
  Partial<Indexed> & { readonly mentions: readonly string[] }

/** The newest is a moment before `NOW`, the others up to two seconds each before the next; always the same ones. */
export function corpus(length: number): Indexed[] {
  const rows = Array.from({ length }, (_, leafIndex) => rowAt(leafIndex))
  let at = NOW - 1
  for (let leafIndex = length - 1; leafIndex >= 0; leafIndex -= 1) {
    rows[leafIndex] = { ...rows[leafIndex]!, at }
    at -= number(leafIndex, 'pause', 20) === 0 ? 60_000 : number(leafIndex, 'ms', 2_000)
  }
  return rows
}

/** One row by its number alone, so that a bench needs no memory for millions of them. */
export function rowAt(leafIndex: number, at = 0): Indexed {
  const { mentions, ...part } = partAt(leafIndex)
  const id = hash(`${leafIndex} id`).slice(0, 32)
  const evidence = number(leafIndex, 'evidence', 3) > 0 ? [hash(`${leafIndex} evidence`)] : []
  const ip = number(leafIndex, 'disclosed', 3) > 0 ? addressAt(leafIndex) : undefined
  return {
    ...{ leafIndex, id, at, kind: part.who.slice(0, part.who.indexOf(':')), policies: [], ...part },
    identifiers: [...new Set([id, part.who, ...mentions, ...evidence])],
    ...(ip !== undefined && { ip }),
  }
}

function addressAt(leafIndex: number): string {
  const last = number(leafIndex, 'host', 250)
  if (number(leafIndex, 'family', 4) === 0)
    return `2001:db8:${number(leafIndex, 'net', 2) * 8000}::${last.toString(16)}`
  return number(leafIndex, 'place', 3) === 0 ? `10.${last}.0.7` : `192.0.2.${last}`
}

function partAt(leafIndex: number): Part {
  const run = Math.floor(leafIndex / 9)
  const repository = `acme/${['shop', 'billing', 'search', 'Größe'][number(run, 'repository', 4)]}`
  const commit = hash(`${run} commit`).slice(0, 40)
  const release = `release:${hash(`${run} release`).slice(0, 10)}`
  const job = `job:${hash(`${run} job`).slice(0, 20)}`
  const person = `person:${hash(`${number(leafIndex, 'person', 40)}`).slice(0, 10)}`
  const environment = ['production', 'staging', 'prod-eu'][number(run, 'environment', 3)]!
  const name = `${repository.split('/')[1]} ${commit.slice(0, 7)}`
  const about = { resource: { kind: 'release', id: release, name }, environment }
  switch (leafIndex % 9) {
    case 0:
      return isRare(leafIndex, 6)
        ? refused('repository', 'unsigned', 'system:git-door', `refused a push to ${repository} main`, [
            repository,
            commit,
          ])
        : {
            type: 'repository.pushed',
            outcome: 'allowed',
            who: 'system:git-door',
            mentions: [repository, commit],
            sentence: `accepted 2 commits signed by {${person}} to ${repository} main (${commit.slice(0, 7)})`,
            resource: { kind: 'repository', id: repository, name: repository },
          }
    case 1:
      return {
        type: 'login.opened',
        outcome: 'allowed',
        who: job,
        mentions: [repository, commit, String(run)],
        sentence: `signed in with the token of its CI for 1 hour, running main ${commit.slice(0, 7)}`,
      }
    case 2:
      return {
        type: 'build.attested',
        outcome: 'allowed',
        who: job,
        mentions: [repository, commit, hash(`${run} artifact`)],
        sentence: `attested that shop.tar was built from ${name}`,
      }
    case 3:
      return {
        type: 'release.requested',
        outcome: 'waiting',
        who: job,
        mentions: [release, commit, hash(`${run} artifact`)],
        sentence: `asked to release ${name} to ${environment}; 2 approvals needed`,
        ...about,
        policies: ['jobs-request-releases'],
      }
    case 4:
    case 5:
      return isRare(leafIndex, 5)
        ? {
            ...refused(
              'approval',
              'own_release',
              person,
              `was refused approval of ${name} to ${environment}: nobody approves what they wrote`,
              [release],
            ),
            ...about,
            policies: ['authors-do-not-approve', 'two-people-approve'],
          }
        : {
            type: 'approval.given',
            outcome: 'allowed',
            who: person,
            mentions: [release],
            sentence: `signed approval of ${name} to ${environment}`,
            ...about,
            policies: ['approvers-approve'],
          }
    case 6:
      return {
        type: 'grant.issued',
        outcome: 'allowed',
        who: job,
        mentions: [release, String(leafIndex), `grant:${hash(`${run} grant`).slice(0, 10)}`],
        sentence: `obtained the certificate for web for 2 minutes, to release ${name} to ${environment}`,
        ...about,
        policies: ['approved-releases-get-credentials'],
      }
    case 7:
      return {
        type: 'release.ended',
        outcome: 'allowed',
        who: job,
        mentions: [release],
        sentence: `deployed ${name} to ${environment}`,
        ...about,
      }
    default:
      return settingAt(leafIndex, person)
  }
}

function settingAt(leafIndex: number, person: string): Part {
  if (isRare(leafIndex, 40))
    return {
      type: 'log.rotated',
      outcome: 'recorded',
      who: 'system:log',
      mentions: [],
      sentence: 'took a new key to sign the log',
    }
  const other = `person:${hash(`${number(leafIndex, 'other', 40)}`).slice(0, 10)}`
  return {
    type: 'role.assigned',
    outcome: 'allowed',
    who: person,
    mentions: [other],
    sentence: `gave {${other}} the role auditor for 2 hours`,
    resource: { kind: 'person', id: other, name: `{${other}}` },
    policies: ['admins-administer'],
  }
}

function refused(room: string, reason: string, who: string, sentence: string, mentions: readonly string[]): Part {
  return { type: `${room}.refused`, outcome: 'refused', reason, who, sentence, mentions }
}

function isRare(leafIndex: number, one: number): boolean {
  return number(leafIndex, 'rare', one) === 0
}

/** 0 to `below`, excluded: the same for the same number and name. FNV-1a, for speed. */
function number(seed: number, name: string, below: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < name.length; index += 1) value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39)
  return ((value ^ (value >>> 15)) >>> 0) % below
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
