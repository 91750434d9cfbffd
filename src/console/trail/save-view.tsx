/** Keeps the query that is asked under a name, for its owner or for everyone who reads. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useSearches } from '../api/query.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts, Field, Form } from '../part/field.tsx'
import styles from './save-view.module.css'

export function SaveView({ q }: { readonly q: string }) {
  const [open, setOpen] = useState(false)
  const searches = useSearches()
  const isKept = searches.data?.some(({ query, isOwn }) => isOwn && query === q.trim()) ?? false
  const why = q.trim() === '' ? 'Nothing is asked for yet.' : isKept ? 'You keep this search already.' : undefined
  return (
    <>
      <Button onClick={() => setOpen(true)} disabled={why !== undefined} title={why}>
        Save view
      </Button>
      {open && <SaveDialog q={q.trim()} onClose={() => setOpen(false)} />}
    </>
  )
}

function SaveDialog({ q, onClose }: { readonly q: string; readonly onClose: () => void }) {
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: ({ name, isShared }: { name: string; isShared: boolean }) =>
      post('/api/v1/searches', { name, query: q, isShared }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['searches'] })
      onClose()
    },
  })
  return (
    <Dialog title="Save this view" open onClose={onClose}>
      <Form onSend={({ name = '', isShared }) => save.mutate({ name, isShared: isShared === 'on' })}>
        <code className={styles.query}>{q}</code>
        <Field
          label="Name"
          name="name"
          required
          maxLength={64}
          hint="Letters, digits, spaces and . _ / -. On the command line: countersign trail @name"
        />
        <label className={styles.shared}>
          <input type="checkbox" name="isShared" /> In the list of everyone who reads the trail
        </label>
        {save.error && <Trouble error={save.error} />}
        <Acts>
          <Button onClick={onClose}>Cancel</Button>
          <Button weight="primary" type="submit" busy={save.isPending}>
            Save
          </Button>
        </Acts>
      </Form>
    </Dialog>
  )
}
