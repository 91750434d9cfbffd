/** Revokes a person with a reason, and then says what of theirs is still alive, to the second. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import type { Person, Receipt, Revocation } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts, Field, Form } from '../part/field.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { cutDigest, formatCountdown } from '../part/words.ts'
import styles from './people.module.css'

export function RevokeDialog({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) {
  const client = useQueryClient()
  const { name, id } = person.who
  const revoke = useMutation({
    mutationFn: (reason: string) =>
      post<Receipt<Revocation>>(`/api/v1/people/${encodeURIComponent(id)}/revocation`, { reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['people'] }),
  })
  return (
    <Dialog title={revoke.data ? `${name} is revoked` : `Revoke ${name}?`} open onClose={onClose}>
      {revoke.data ? (
        <Ended receipt={revoke.data} onClose={onClose} />
      ) : (
        <Form onSend={({ reason = '' }) => revoke.mutate(reason)}>
          <p>Every login and credential of {name} ends now; the very next request is refused.</p>
          <Field label="Reason" name="reason" required maxLength={500} />
          {revoke.error && <Trouble error={revoke.error} />}
          <Acts>
            <Button onClick={onClose}>Cancel</Button>
            <Button weight="danger" type="submit" busy={revoke.isPending}>
              Revoke
            </Button>
          </Acts>
        </Form>
      )}
    </Dialog>
  )
}

function Ended({ receipt, onClose }: { readonly receipt: Receipt<Revocation>; readonly onClose: () => void }) {
  const { loginsEnded, grantsEnded, stillLive } = receipt.result
  return (
    <div className={styles.stack}>
      <p>
        {loginsEnded} {loginsEnded === 1 ? 'login' : 'logins'} and {grantsEnded}{' '}
        {grantsEnded === 1 ? 'credential' : 'credentials'} ended. Written as <ProofLink leafIndex={receipt.leafIndex} />
      </p>
      {stillLive.length > 0 && (
        <>
          <p>Cannot be taken back, and dies by itself:</p>
          <ul className={styles.still}>
            {stillLive.map((each) => (
              <li key={each.serial}>
                {each.what}, serial <code>{cutDigest(each.serial, 6)}</code>, {formatCountdown(each.secondsLeft * 1000)}{' '}
                left
              </li>
            ))}
          </ul>
        </>
      )}
      <Acts>
        <Button weight="primary" onClick={onClose}>
          Done
        </Button>
      </Acts>
    </div>
  )
}
