/** What was thrown on the way to an answer, as the problem that the caller may know. */

import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { TrailError } from '../control/trail/asking.ts'
import { LeafError } from '../domain/leaf.ts'
import { codeOf, StoreError } from '../store/error.ts'
import { problem, type Problem } from './problem.ts'

const PLACES: Readonly<Record<string, string>> = { querystring: 'query' }

/** `report` hears of everything that is our own fault, without anything a caller sent. */
export function problemOfFailure(error: FastifyError, report: (sentence: string) => void): Problem {
  if (hasZodFastifySchemaValidationErrors(error)) return problemOfShape(error)
  if (error instanceof StoreError) return problemOfStore(error, report)
  if (error instanceof TrailError)
    return problem('busy', `The trail cannot be searched now: ${error.message}.`, { retryAfterSeconds: 1 })
  if (DISK.has(codeOf(error) ?? '')) return unwritable()
  if (error instanceof LeafError) return problem('too_large', 'This does not fit into one leaf of the log; send less.')
  switch (error.statusCode ?? 500) {
    case 400:
      return problem('malformed', 'The request is not well formed.')
    case 413:
      return problem('too_large', 'The body is larger than this route takes.')
    case 415:
      return problem('unsupported_media_type', 'Send application/json.')
    case 429:
      return problem('too_many', 'Too many requests.', { retryAfterSeconds: 1 })
  }
  report(`http: ${error.name}: ${error.message}`)
  return problem('failed', 'The server failed to answer this; nothing is known to have happened.')
}

const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE'])

function unwritable(): Problem {
  return problem('log_unwritable', 'The log cannot be written, so nothing may happen until it can be again.', {
    retryAfterSeconds: 5,
  })
}

/** Names the field: `body.zone: not a time zone of the IANA database`. */
function problemOfShape(error: Pick<FastifyError, 'validation' | 'validationContext'>): Problem {
  const place = PLACES[error.validationContext ?? ''] ?? error.validationContext ?? 'request'
  const problems = (error.validation ?? []).slice(0, 16).map(({ instancePath, message }) => ({
    path: `${place}${instancePath.replaceAll('/', '.')}`.replace(/\.$/, ''),
    problem: message ?? 'invalid',
  }))
  const [first] = problems
  return problem('malformed', `${first?.path ?? place}: ${first?.problem ?? 'invalid'}`, {
    facts: { path: first?.path ?? place, problems },
  })
}

function problemOfStore(error: StoreError, report: (sentence: string) => void): Problem {
  switch (error.code) {
    case 'unwritable':
      return unwritable()
    case 'busy':
      return problem('busy', 'More is waiting to be written than the disk can take now.', { retryAfterSeconds: 1 })
    case 'size':
      return problem('too_large', 'This is larger than the log or its evidence can hold.')
    case 'absent':
      return problem('not_found', 'The log holds nothing there.')
    case 'damaged':
      report(`store: ${error.message}`)
      return problem('log_damaged', 'What is stored there does not match what was signed.', {
        next: 'countersign restore',
      })
    default:
      report(`store: ${error.message}`)
      return problem('failed', 'The store failed to answer this.')
  }
}
