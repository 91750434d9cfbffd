/** How SCIM says things (RFC 7644, sections 3.4.2 and 3.12): lists of resources, versions of them, and what went wrong. */

import { canonical, type Json } from '../bytes/json.ts'
import { digestOf } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'

type ScimType = 'invalidFilter' | 'uniqueness' | 'mutability' | 'invalidSyntax' | 'invalidPath' | 'invalidValue'

/** An answer that is not what was asked for. A value to return. */
export class ScimError {
  readonly status: number
  readonly detail: string
  readonly scimType: ScimType | undefined

  constructor(status: number, detail: string, scimType?: ScimType) {
    this.status = status
    this.detail = detail
    this.scimType = scimType
  }

  get body(): Json {
    const { status, detail, scimType } = this
    const said = { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(status), detail }
    return scimType === undefined ? said : { ...said, scimType }
  }
}

export function wrong(detail: string, scimType: ScimType = 'invalidValue'): ScimError {
  return new ScimError(400, detail, scimType)
}

export type Resource = { readonly id: string; readonly [name: string]: Json | undefined }

/** RFC 7232: weak, since the same resource may be spelled in other ways. */
export function versionOf(resource: Resource): string {
  return `W/"${digestOf(utf8.encode(canonical(resource as Json))).slice(7, 39)}"`
}

export type Query = {
  readonly filter?: string | undefined
  readonly startIndex?: number | undefined
  readonly count?: number | undefined
}

const MAX_COUNT = 200
const FILTER = /^\s*([A-Za-z][A-Za-z.]{0,63})\s+eq\s+("(?:[^"\\]|\\.){0,512}")\s*$/i

export type Filter = { readonly attribute: string; readonly value: string }

/** `attribute eq "value"`, and nothing else: what provisioning asks. Undefined where nothing was asked. */
export function parseFilter(text: string | undefined): Filter | ScimError | undefined {
  if (text === undefined) return undefined
  const [, attribute, quoted] = FILTER.exec(text) ?? []
  try {
    if (attribute && quoted) return { attribute: attribute.toLowerCase(), value: String(JSON.parse(quoted)) }
  } catch {
    // said below
  }
  return wrong('Only filters of the form attribute eq "value" are understood here.', 'invalidFilter')
}

/** One page, 1-based; at most 200 resources. */
export function listOf(found: readonly Resource[], { startIndex = 1, count = 100 }: Query): Json {
  const start = Math.max(1, Math.trunc(startIndex))
  const page = found.slice(start - 1, start - 1 + Math.min(MAX_COUNT, Math.max(0, Math.trunc(count))))
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    ...{ totalResults: found.length, startIndex: start, itemsPerPage: page.length, Resources: page as Json },
  }
}
