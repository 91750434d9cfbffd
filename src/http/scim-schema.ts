/** What this SCIM service provider is and has (RFC 7643, sections 5 to 7). */

import type { Json } from '../bytes/json.ts'

const CORE = 'urn:ietf:params:scim:schemas:core:2.0'
export const USER = `${CORE}:User`
export const GROUP = `${CORE}:Group`

export const serviceProviderConfig: Json = {
  schemas: [`${CORE}:ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'The token of countersign directory add',
      primary: true,
    },
  ],
}

function list(resources: readonly Json[]): Json {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    ...{ totalResults: resources.length, startIndex: 1, itemsPerPage: resources.length, Resources: [...resources] },
  }
}

function type(name: 'User' | 'Group', schema: string): Json {
  return { schemas: [`${CORE}:ResourceType`], id: name, name, endpoint: `/${name}s`, schema }
}

export const resourceTypes = list([type('User', USER), type('Group', GROUP)])

function attribute(name: string, more: { readonly [name: string]: Json } = {}): Json {
  const plain = { type: 'string', multiValued: false, required: false, caseExact: false }
  return { name, ...plain, mutability: 'readWrite', returned: 'default', uniqueness: 'none', ...more }
}

const value = attribute('value')

export const schemas = list([
  {
    ...{ schemas: [`${CORE}:Schema`], id: USER, name: 'User' },
    attributes: [
      attribute('userName', { required: true, uniqueness: 'server' }),
      attribute('externalId', { caseExact: true }),
      attribute('displayName'),
      attribute('name', { type: 'complex', subAttributes: [attribute('formatted')] }),
      attribute('emails', { type: 'complex', multiValued: true, subAttributes: [value] }),
      attribute('active', { type: 'boolean' }),
      attribute('groups', { type: 'complex', multiValued: true, mutability: 'readOnly', subAttributes: [value] }),
    ],
  },
  {
    ...{ schemas: [`${CORE}:Schema`], id: GROUP, name: 'Group' },
    attributes: [
      attribute('displayName', { required: true, mutability: 'immutable', uniqueness: 'server' }),
      attribute('members', { type: 'complex', multiValued: true, subAttributes: [value] }),
    ],
  },
])
