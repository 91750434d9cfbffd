/** A second administrator's yes or no to what waits, each over the statement as this browser derived it. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import type { Receipt } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { assert } from '../passkey/passkey.ts'
import type { Derived } from '../verify/statement.ts'
import styles from './people.module.css'

export type Signer = { readonly rpId: string; readonly credentialIds: string[] }

/** `path`: of what waits, under which agreements and refusals are given. */
export function Agreement({ challenge, signer, path }: AgreementProps) {
  const client = useQueryClient()
  const answer = useMutation({
    mutationFn: async (reason: string | undefined) => {
      const assertion = await assert({ challenge, rpId: signer.rpId }, signer.credentialIds)
      if (reason === undefined) return post<Receipt<unknown>>(`${path}/agreements`, { assertion })
      return post<Receipt<unknown>>(`${path}/refusals`, { assertion, reason })
    },
    onSuccess: () => client.invalidateQueries(),
  })
  return (
    <>
      {answer.error && <Trouble error={answer.error} />}
      <span className={styles.acts}>
        <Button weight="danger" busy={answer.isPending} onClick={() => answer.mutate(undefined)}>
          Agree with passkey
        </Button>
        <Button busy={answer.isPending} onClick={() => answer.mutate('declined on the People page')}>
          Decline with passkey
        </Button>
      </span>
    </>
  )
}

type AgreementProps = { readonly challenge: Derived['challenge']; readonly signer: Signer; readonly path: string }
