/** Credentials as a job gets them over HTTP: a target of any kind in production, an approved release, and its grant. */

import type { Answer, Office } from './office.ts'
import { ENVIRONMENT, jobKeyLine, requestRelease, type Released, type Story } from './story.ts'

/** Defines the target, and lets production have it beside the others. */
export async function defineTarget(
  { office, ana }: Story,
  target: Readonly<Record<string, unknown>> & { target: string },
): Promise<Answer> {
  const defined = await office.post('/api/v1/targets', target, ana.token)
  if (defined.status !== 201) return defined
  const body = { ...ENVIRONMENT, targets: [...ENVIRONMENT.targets, target.target] }
  const placed = await office.post('/api/v1/environments', body, ana.token)
  if (placed.status !== 201) throw new Error(placed.text)
  return defined
}

/** A release that both approvers agreed to. */
export async function approved(story: Story): Promise<Released> {
  const asked = await requestRelease(story)
  for (const worker of [story.ben, story.cleo]) {
    const { status, text } = await story.office.decide(worker, asked.release, 'approvals')
    if (status !== 200 && status !== 201) throw new Error(text)
  }
  return asked
}

export async function obtain(office: Office, { release, job }: Released, target: string, more: object = {}) {
  return office.post('/api/v1/grants', { release, target, publicKey: jobKeyLine(), ...more }, job.token)
}
