/** A passkey opens a login, or an account at an identity provider that is trusted here. There is no password to phish. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useSetup } from '../api/query.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { signIn } from '../passkey/sign-in.ts'
import { Door } from './door.tsx'
import styles from './door.module.css'
import { follow } from './follow.ts'
import { IdpButtons } from './idp.tsx'

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
      <IdpButtons verb="Sign in with" errand={{ returnTo: pathOf(next) }} />
      <p className={styles.small}>
        {setup.data?.needed
          ? 'Nobody is enrolled yet: open the link that the server printed when it started.'
          : 'No passkey here yet? Ask an administrator for an enrolment link. Every sign-in is a leaf in the log.'}
      </p>
    </Door>
  )
}

/** What the server takes for a path of ours; anything else is the overview. */
function pathOf(next: string | undefined): string | undefined {
  const url = URL.parse(next ?? '/', location.origin)
  return url?.origin === location.origin ? url.pathname + url.search : undefined
}
