/** Sentences about identity providers and the accounts that people have there. */

import type { EventType } from '../../domain/event.ts'
import { about, because, count, named, span, type Tells } from './phrase.ts'

type Types = Extract<EventType, `idp.${string}` | `identity.${string}` | `scim.${string}`>

const wanted = {
  link: 'was refused to link an account at',
  remove: 'was refused to unlink an account at',
  accept: 'was refused to enrol with an account at',
  login: 'was refused a login with an account at',
}

export const tells: Tells<Types> = {
  'idp.trusted': ({ idp, issuer, isConfidential }) => ({
    sentence: `trusted the identity provider ${idp} (${issuer})${isConfidential ? '' : ', without a secret'}`,
    ...about('idp', issuer, idp),
  }),
  'idp.removed': ({ idp, issuer }) => ({
    sentence: `removed the identity provider ${idp} (${issuer})`,
    ...about('idp', issuer, idp),
  }),
  'idp.ended': ({ issuer, logins }) => ({
    sentence: `ended ${count(logins.length, 'login')}, as somebody signed out at ${issuer}`,
    ...about('idp', issuer),
  }),
  'idp.refused': ({ issuer, wanted: what }, { reason }) => ({
    sentence: `was refused to ${what} (${issuer})${because(reason)}`,
    ...about('idp', issuer),
  }),
  'identity.linked': ({ person, issuer, tokenDigest }) => ({
    sentence: `${tokenDigest ? 'enrolled' : 'linked'} ${named(person)} with an account at ${issuer}`,
    ...about('person', person, named(person)),
  }),
  'identity.removed': ({ person, issuer }) => ({
    sentence: `unlinked ${named(person)} from their account at ${issuer}`,
    ...about('person', person, named(person)),
  }),
  'identity.refused': ({ person, issuer, wanted: what }, { reason }) => ({
    sentence: `${wanted[what]} ${issuer}${because(reason)}`,
    ...(person && about('person', person, named(person))),
  }),
  'scim.trusted': ({ client, expiresAt }, { at }) => ({
    sentence: `trusted the directory ${client} for ${span(expiresAt - at)}`,
    ...about('directory', client),
  }),
  'scim.removed': ({ client }) => ({
    sentence: `trusted the directory ${client} no more`,
    ...about('directory', client),
  }),
  'scim.provisioned': ({ person, client }) => ({
    sentence: `brought ${named(person)} from the directory ${client}`,
    ...about('person', person, named(person)),
  }),
  'scim.described': ({ person, client }) => ({
    sentence: `changed what the directory ${client} says of ${named(person)}`,
    ...about('person', person, named(person)),
  }),
  'scim.released': ({ person, client }) => ({
    sentence: `forgot ${named(person)}, who left, in the directory ${client}`,
    ...about('person', person, named(person)),
  }),
  'scim.refused': ({ client, wanted: what }, { reason }) => ({
    sentence: `was refused to ${what} for the directory ${client}${because(reason)}`,
    ...about('directory', client),
  }),
}
