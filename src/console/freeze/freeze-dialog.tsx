/** Freezes an environment at once, with a reason; for those who approve there, and administrators. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useEnvironments, useFreezes, useLogin } from '../api/query.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts, Field, Form } from '../part/field.tsx'
import styles from './frozen.module.css'

/** The button is there for those who may. Without an environment it asks which. */
export function FreezeButton({ environment }: { readonly environment?: string }) {
  const login = useLogin()
  const freezes = useFreezes()
  const [open, setOpen] = useState(false)
  const isFrozen = freezes.data?.some((each) => each.isNow && each.environment === environment) ?? false
  if (!login.data || (!login.data.can.approve && !login.data.can.administer) || isFrozen) return null
  return (
    <>
      <Button icon="pause" onClick={() => setOpen(true)}>
        Freeze
      </Button>
      {open && <FreezeDialog environment={environment} onClose={() => setOpen(false)} />}
    </>
  )
}

type Props = { readonly environment: string | undefined; readonly onClose: () => void }

function FreezeDialog({ environment, onClose }: Props) {
  const client = useQueryClient()
  const environments = useEnvironments(environment === undefined)
  const freeze = useMutation({
    mutationFn: (body: Record<string, string>) => post('/api/v1/freezes', body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['freezes'] })
      onClose()
    },
  })
  const send = ({ environment: chosen = '', reason = '', until = '' }: Record<string, string>) =>
    freeze.mutate({
      environment: environment ?? chosen,
      reason,
      ...(until && { until: new Date(until).toISOString() }),
    })
  return (
    <Dialog title={environment ? `Freeze ${environment}?` : 'Freeze an environment'} open onClose={onClose}>
      <Form onSend={send}>
        <p>
          From now on nothing is released into it and no credential is lent for it. Only an administrator ends it early.
        </p>
        {environment === undefined && (
          <label className={styles.field}>
            Environment
            <select name="environment" required className={styles.select}>
              {(environments.data ?? []).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <Field label="Reason" name="reason" required maxLength={500} hint="Kept with the leaf, outside of it." />
        <Field label="Until" name="until" type="datetime-local" hint="Until it is ended, when this stays empty." />
        {(freeze.error ?? environments.error) && <Trouble error={(freeze.error ?? environments.error)!} />}
        <Acts>
          <Button onClick={onClose}>Cancel</Button>
          <Button weight="danger" type="submit" busy={freeze.isPending}>
            Freeze now
          </Button>
        </Acts>
      </Form>
    </Dialog>
  )
}
