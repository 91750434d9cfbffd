/** Gives a role with a reason, or takes one away at once. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post, remove } from '../api/client.ts'
import type { Person } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts, Field, Form } from '../part/field.tsx'
import { Pill } from '../part/pill.tsx'
import styles from './people.module.css'

type Change = { readonly give: string; readonly reason: string } | { readonly take: string }

export function RoleDialog({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) {
  const client = useQueryClient()
  const path = `/api/v1/people/${encodeURIComponent(person.who.id)}/roles`
  const change = useMutation({
    mutationFn: (asked: Change) =>
      'give' in asked
        ? post(path, { role: asked.give, reason: asked.reason })
        : remove(`${path}/${encodeURIComponent(asked.take)}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['people'] })
      onClose()
    },
  })
  return (
    <Dialog title={`Roles of ${person.who.name}`} open onClose={onClose}>
      <div className={styles.stack}>
        {person.roles.length === 0 && <p>Holds no role.</p>}
        {person.roles.map((role) => (
          <p key={role} className={styles.held}>
            <Pill tone="plain">{role}</Pill>
            <Button weight="quiet" busy={change.isPending} onClick={() => change.mutate({ take: role })}>
              Take away
            </Button>
          </p>
        ))}
        <Form onSend={({ role = '', reason = '' }) => change.mutate({ give: role, reason })}>
          <Field label="Role to give" name="role" required pattern="[a-z][a-z0-9\-]*" maxLength={64} />
          <Field label="Reason" name="reason" required maxLength={500} hint="Kept with the leaf, outside of it." />
          {change.error && <Trouble error={change.error} />}
          <Acts>
            <Button onClick={onClose}>Cancel</Button>
            <Button weight="primary" type="submit" busy={change.isPending}>
              Give role
            </Button>
          </Acts>
        </Form>
      </div>
    </Dialog>
  )
}
