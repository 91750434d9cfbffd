/** The way past an identity provider: out by its button, back to a page that finishes what this browser began. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { get, post } from '../api/client.ts'
import type { Receipt } from '../api/shape.ts'
import { Loading, Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { go, Link } from '../router.tsx'
import { Door } from './door.tsx'
import styles from './door.module.css'
import { follow } from './follow.ts'

type Idps = { readonly idps: readonly { readonly idp: string; readonly issuer: string }[] }
type Errand = { readonly returnTo?: string | undefined; readonly enrolmentToken?: string }

/** It only says which request finishes; the server knows what was begun. */
const ENROLS = 'countersign.enrols'

export function IdpButtons({ verb, errand }: { readonly verb: string; readonly errand: Errand }) {
  const idps = useQuery({ queryKey: ['idps'], queryFn: () => get<Idps>('/api/v1/idps'), staleTime: 60_000 })
  const leave = useMutation({
    mutationFn: (idp: string) => post<{ redirect: string }>('/api/v1/logins/idp', { idp, ...errand }),
    onSuccess: ({ redirect }) => {
      if (errand.enrolmentToken === undefined) sessionStorage.removeItem(ENROLS)
      else sessionStorage.setItem(ENROLS, '1')
      location.assign(redirect)
    },
  })
  return (
    <>
      {leave.error && <Trouble error={leave.error} />}
      {idps.data?.idps.map(({ idp }) => (
        <Button key={idp} className={styles.wide} busy={leave.isPending} onClick={() => leave.mutate(idp)}>
          {verb} {idp}
        </Button>
      ))}
    </>
  )
}

/** What the provider sent along is good once: it leaves the address bar at once. */
export function SignedInPage() {
  const client = useQueryClient()
  const enrols = sessionStorage.getItem(ENROLS) === '1'
  const finish = useMutation({
    mutationFn: async (back: Record<string, string>) => {
      sessionStorage.removeItem(ENROLS)
      if (enrols) return void (await post('/api/v1/enrolments/idp', back))
      const receipt = await post<Receipt<{ returnTo?: string }>>('/api/v1/logins', { method: 'idp', ...back })
      return receipt.result.returnTo
    },
    onSuccess: async (returnTo) => {
      await client.resetQueries()
      if (returnTo === undefined) go({ page: 'sign-in' }, { replace: true })
      else follow(returnTo)
    },
  })
  const begun = useRef(false)
  useEffect(() => {
    if (begun.current) return
    begun.current = true
    const back = backOf(new URLSearchParams(location.search))
    history.replaceState(null, '', location.pathname)
    finish.mutate(back)
  }, [finish])
  return (
    <Door title="Signing in">
      {finish.error ? (
        <>
          <Trouble error={finish.error} />
          <Link to={{ page: 'sign-in' }}>Try again</Link>
        </>
      ) : (
        <Loading />
      )}
    </Door>
  )
}

/** A provider that refused says so instead of a code, and the server says what is missing. */
function backOf(query: URLSearchParams): Record<string, string> {
  const known = ['state', 'code', 'iss'].flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [[name, value]]
  })
  return Object.fromEntries(known) as Record<string, string>
}
