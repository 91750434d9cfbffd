/** An enrolment link becomes a passkey; at set-up it also becomes the first person, who says who they are. */

import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, post } from '../api/client.ts'
import type { Enrolment, Receipt, Who } from '../api/shape.ts'
import { Answer, Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Field, Form } from '../part/field.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { register } from '../passkey/passkey.ts'
import { Link } from '../router.tsx'
import { Door } from './door.tsx'
import styles from './door.module.css'
import { IdpButtons } from './idp.tsx'

type Enrolled = { readonly person: string; readonly who: Who }

export function EnrolPage() {
  // the token is in the fragment, so that it reaches no server log and no Referer header
  const [token] = useState(() => location.hash.slice(1))
  const enrolment = useQuery({
    queryKey: ['enrolment', token],
    queryFn: () => get<Enrolment>(`/api/v1/enrolments/${encodeURIComponent(token)}`),
    enabled: token !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  if (token === '')
    return (
      <Door title="The link is not complete">
        <p>An enrolment link ends in # and a token. Open the whole link, or ask for a new one.</p>
      </Door>
    )
  return (
    <Door title={enrolment.data?.isSetup ? 'Set up Countersign' : 'Create your passkey'}>
      <Answer query={enrolment}>{(data) => <Enrol token={token} enrolment={data} />}</Answer>
    </Door>
  )
}

function Enrol({ token, enrolment }: { readonly token: string; readonly enrolment: Enrolment }) {
  const enrol = useMutation({
    mutationFn: async (profile: Record<string, string>) => {
      const name = profile['handle'] ?? enrolment.handle ?? 'person'
      const displayName = profile['name'] ?? enrolment.name ?? name
      const registration = await register({ ...enrolment, name, displayName })
      return post<Receipt<Enrolled>>('/api/v1/enrolments', { token, registration, ...profile })
    },
  })
  if (enrol.data) return <Done receipt={enrol.data} />
  return (
    <>
      <p>
        {enrolment.isSetup
          ? 'You are the first person here. Your passkey will administer this log; what you do with it is written like everything else.'
          : `Welcome, ${enrolment.name ?? enrolment.handle}. The passkey stays on your device; the server learns only its public key.`}
      </p>
      <Form onSend={(values) => enrol.mutate(values)}>
        {enrolment.isSetup && <Profile />}
        {enrol.error && <Trouble error={enrol.error} />}
        <Button weight="primary" icon="key" type="submit" className={styles.wide} busy={enrol.isPending}>
          Create passkey
        </Button>
      </Form>
      {!enrolment.isSetup && <IdpButtons verb="Enrol with" errand={{ enrolmentToken: token }} />}
    </>
  )
}

function Profile() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <>
      <Field
        label="Handle"
        name="handle"
        required
        pattern="[a-z0-9][a-z0-9._\-]*"
        maxLength={64}
        autoComplete="username"
        hint="Short and lower case, such as mara.o; shown wherever you act."
      />
      <Field label="Name" name="name" required maxLength={200} autoComplete="name" />
      <Field label="E-mail" name="email" type="email" required maxLength={254} autoComplete="email" />
      <Field label="Time zone" name="zone" required defaultValue={zone} hint="Decides what is out of hours for you." />
    </>
  )
}

function Done({ receipt }: { readonly receipt: Receipt<Enrolled> }) {
  return (
    <>
      <p role="status">
        Your passkey is enrolled, {receipt.result.who.name}. It is written as{' '}
        <ProofLink leafIndex={receipt.leafIndex} />.
      </p>
      <Link to={{ page: 'sign-in' }}>Sign in with it</Link>
    </>
  )
}
