/** How the console spells numbers, moments, digests and states in words: one spelling everywhere. */

import type { Outcome, ReleaseState, Who } from '../api/shape.ts'

const NBSP = '\u00a0'

/** `18 204`, with spaces that do not break. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, NBSP)
}

/** `sha256:77ad…c0f2`; short texts stay whole. */
export function cutDigest(digest: string, keep = 4): string {
  const [, prefix = '', body = ''] = /^([a-z0-9]+:)?(.*)$/s.exec(digest) ?? []
  return body.length <= keep * 2 + 1 ? digest : `${prefix}${body.slice(0, keep)}…${body.slice(-keep)}`
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g
const HASH = /\b(?:sha256:)?[0-9a-f]{40,64}\b/g

/** A sentence of the server with its instants in the reader's zone and its hashes cut in the middle. */
export function readable(text: string): string {
  return text.replace(INSTANT, (at) => `${formatDay(at)} ${formatClock(at)}`).replace(HASH, (hash) => cutDigest(hash))
}

/** `12 s`, `4 min`, `2 h`, `3 days`: a length of time, rounded down. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}${NBSP}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${NBSP}min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}${NBSP}h`
  return `${Math.floor(seconds / 86_400)}${NBSP}days`
}

/** `4:07`: minutes and seconds left, for credentials that live for minutes. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

export function formatAgo(at: string, nowMs: number): string {
  const passed = nowMs - Date.parse(at)
  return passed < 1000 ? 'just now' : `${formatSpan(passed)} ago`
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** `14:02:11`, in the reader's zone. */
export function formatClock(at: string): string {
  return clock.format(new Date(at))
}

/** `23 Nov`, in the reader's zone. */
export function formatDay(at: string): string {
  return day.format(new Date(at))
}

/** Local and UTC, for the tooltip of every moment. */
export function formatExact(at: string): string {
  return `${formatDay(at)} ${at.slice(0, 4)}, ${formatClock(at)} here, ${at.slice(11, 19)} UTC`
}

/** `claude-agent for dana.r`: delegated acts always show both names. */
export function nameOf(who: Who): string {
  return who.onBehalfOf ? `${who.name} for ${nameOf(who.onBehalfOf)}` : who.name
}

export function listNames(people: readonly Who[]): string {
  return people.map(nameOf).join(', ')
}

export const OUTCOME_WORD: Readonly<Record<Outcome, string>> = {
  allowed: 'allowed',
  refused: 'refused',
  waiting: 'waiting',
  recorded: 'recorded',
}

export function describeState(state: ReleaseState, given: number, required: number): string {
  switch (state) {
    case 'waiting':
      return `Waiting: ${given} of ${required} approvals`
    case 'approved':
      return 'Approved, not deployed yet'
    case 'deploying':
      return 'Deploying'
    case 'deployed':
      return 'Deployed'
    case 'failed':
      return 'Deploy failed'
    case 'refused':
      return 'Refused'
    case 'expired':
      return 'Expired'
    case 'voided':
      return 'Voided'
  }
}
