/** Takes away exactly what is found, as a file: with proofs, as a table, or in the words of other tools. */

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Menu, MenuGroup, MenuItem } from '../part/menu.tsx'
import { formatCount } from '../part/words.ts'
import { download } from './download.ts'
import { partsOf } from './query.ts'
import styles from './export-menu.module.css'

type Format = readonly [format: string, label: string, more: string]

const WITH_PROOFS: readonly Format[] = [
  ['jsonl', 'JSON Lines', 'a line a leaf'],
  ['json', 'JSON', 'one document'],
]
const TABLE: readonly Format[] = [['csv', 'CSV', 'with leaf hashes']]
const OTHERS: readonly Format[] = [
  ['ocsf', 'OCSF', 'security lakes'],
  ['cdevents', 'CDEvents', 'delivery tools'],
  ['ecs', 'ECS', 'Elastic'],
  ['otel', 'OpenTelemetry', 'log records'],
  ['cloudevents', 'CloudEvents', 'event routers'],
]
const MOST = 100_000

export function ExportMenu({ q, total }: { readonly q: string; readonly total: number | undefined }) {
  const [bytes, setBytes] = useState(0)
  const [breaker, setBreaker] = useState<AbortController>()
  const take = useMutation({
    mutationFn: async (format: string) => {
      const abort = new AbortController()
      setBytes(0)
      setBreaker(abort)
      await download(`/api/v1/exports/leaves?${new URLSearchParams({ format, q })}`, setBytes, abort.signal)
    },
  })
  const why = obstacle(q, total)
  const item = ([format, label, more]: Format) => (
    <MenuItem key={format} disabled={why !== undefined} onChoose={() => take.mutate(format)}>
      {label} <small>{more}</small>
    </MenuItem>
  )
  return (
    <>
      {take.isPending && (
        <span className={styles.progress} role="status">
          {formatSize(bytes)}
          <Button weight="quiet" onClick={() => breaker?.abort()}>
            Stop
          </Button>
        </span>
      )}
      <Menu label="Export" busy={take.isPending}>
        <MenuGroup label={why ?? `${formatCount(total!)} ${total === 1 ? 'leaf' : 'leaves'}, each with its proof`}>
          {WITH_PROOFS.map(item)}
        </MenuGroup>
        <MenuGroup label="A table">{TABLE.map(item)}</MenuGroup>
        <MenuGroup label="In the words of other tools, without proofs">{OTHERS.map(item)}</MenuGroup>
      </Menu>
      <Dialog title="Nothing was exported" open={take.isError && !breaker?.signal.aborted} onClose={() => take.reset()}>
        {take.error && <Trouble error={take.error} />}
      </Dialog>
    </>
  )
}

/** Why there would be no file. */
function obstacle(q: string, total: number | undefined): string | undefined {
  if (total === undefined) return 'The query must be read first.'
  if (partsOf(q).pipe !== '') return 'An export lists leaves: leave out | count by.'
  if (total > MOST) return `At most ${formatCount(MOST)} leaves go into a file: choose a shorter time.`
  return undefined
}

function formatSize(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
