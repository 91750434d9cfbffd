/** Ends a freeze before its time; the log keeps that it was there, and who ended it. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { remove } from '../api/client.ts'
import type { Freeze } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts } from '../part/field.tsx'

export function EndDialog({ freeze, onClose }: { readonly freeze: Freeze; readonly onClose: () => void }) {
  const client = useQueryClient()
  const end = useMutation({
    mutationFn: () => remove(`/api/v1/freezes/${encodeURIComponent(freeze.freeze)}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['freezes'] })
      onClose()
    },
  })
  return (
    <Dialog title={`End the freeze of ${freeze.environment}?`} open onClose={onClose}>
      <p>
        Releases into {freeze.environment} go on at once, by the rules that hold for them. That you ended it is a leaf.
      </p>
      {end.error && <Trouble error={end.error} />}
      <Acts>
        <Button onClick={onClose}>Keep it frozen</Button>
        <Button weight="danger" busy={end.isPending} onClick={() => end.mutate()}>
          End freeze
        </Button>
      </Acts>
    </Dialog>
  )
}
