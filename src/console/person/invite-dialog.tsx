/** Invites a person: the answer is a link that becomes their passkey, shown once. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import type { Receipt } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Left } from '../part/clock.tsx'
import { CopyButton } from '../part/copy.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts, Field, Form } from '../part/field.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import styles from './people.module.css'

type Invited = {
  readonly person: string
  readonly enrolmentUrl: string
  readonly enrolmentToken: string
  readonly expiresAt: string
}

export function InviteDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const client = useQueryClient()
  const invite = useMutation({
    mutationFn: ({ handle, name, email, zone, roles }: Record<string, string>) =>
      post<Receipt<Invited>>('/api/v1/people', {
        handle,
        name,
        email,
        zone,
        roles: (roles ?? '').split(/[\s,]+/).filter(Boolean),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['people'] }),
  })
  const close = () => {
    onClose()
    invite.reset()
  }
  return (
    <Dialog title={invite.data ? 'Hand over this link' : 'Invite a person'} open={open} onClose={close}>
      {invite.data ? (
        <Link receipt={invite.data} onClose={close} />
      ) : (
        <Form onSend={(values) => invite.mutate(values)}>
          <Field label="Handle" name="handle" required maxLength={64} hint="Short and lower case, such as mara.o." />
          <Field label="Name" name="name" required maxLength={200} />
          <Field label="E-mail" name="email" type="email" required maxLength={254} />
          <Field
            label="Time zone"
            name="zone"
            required
            defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
            hint="Decides what is out of hours for them."
          />
          <Field label="Roles" name="roles" hint="Separated by commas; may stay empty." />
          {invite.error && <Trouble error={invite.error} />}
          <Acts>
            <Button onClick={close}>Cancel</Button>
            <Button weight="primary" type="submit" busy={invite.isPending}>
              Invite
            </Button>
          </Acts>
        </Form>
      )}
    </Dialog>
  )
}

function Link({ receipt, onClose }: { readonly receipt: Receipt<Invited>; readonly onClose: () => void }) {
  const { enrolmentUrl, expiresAt } = receipt.result
  return (
    <div className={styles.stack}>
      <p>
        Whoever opens it first becomes this person. It is shown only now; <Left at={expiresAt} />.
      </p>
      <code className={styles.link}>{enrolmentUrl}</code>
      <p>
        Written as <ProofLink leafIndex={receipt.leafIndex} />
      </p>
      <Acts>
        <CopyButton text={enrolmentUrl} name="Copy link">
          Copy link
        </CopyButton>
        <Button weight="primary" onClick={onClose}>
          Done
        </Button>
      </Acts>
    </div>
  )
}
