/** A passkey opens a login; there is no other way in, so there is nothing here to phish. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useSetup } from '../api/query.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { signIn } from '../passkey/sign-in.ts'
import { parsePlace } from '../place.ts'
import { go } from '../router.tsx'
import { Door } from './door.tsx'
import styles from './door.module.css'

export function SignInPage({ next }: { readonly next: string | undefined }) {
  const client = useQueryClient()
  const setup = useSetup()
  const open = useMutation({
    mutationFn: signIn,
    onSuccess: async () => {
      await client.resetQueries()
      follow(next)
    },
  })
  return (
    <Door title="Sign in">
      <p>Use the passkey of this device, your phone or your security key. There is no password.</p>
      {open.error && <Trouble error={open.error} />}
      <Button weight="primary" icon="key" className={styles.wide} busy={open.isPending} onClick={() => open.mutate()}>
        Sign in with passkey
      </Button>
      <p className={styles.small}>
        {setup.data?.needed
          ? 'Nobody is enrolled yet: open the link that the server printed when it started.'
          : 'No passkey here yet? Ask an administrator for an enrolment link. Every sign-in is a leaf in the log.'}
      </p>
    </Door>
  )
}

/** Only ever within this origin: an address from the query must not lead elsewhere. */
function follow(next: string | undefined): void {
  const url = URL.parse(next ?? '/', location.origin)
  if (!url || url.origin !== location.origin || url.pathname === '/sign-in') return go({ page: 'overview' })
  const place = parsePlace(url)
  if (place.page === 'nowhere') location.assign(url.pathname + url.search)
  else go(place, { replace: true })
}
