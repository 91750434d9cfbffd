/** Searches that this person keeps, and those that others share: each is its query, so following one is reading its address. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { remove } from '../api/client.ts'
import { useSearches } from '../api/query.ts'
import type { SavedSearch } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button, IconButton } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Dialog } from '../part/dialog.tsx'
import { Acts } from '../part/field.tsx'
import { Link } from '../router.tsx'
import facets from './facets.module.css'
import styles from './saved.module.css'

const SHOWN = 8

export function Saved({ q }: { readonly q: string }) {
  const searches = useSearches()
  const [all, setAll] = useState(false)
  const [dropped, drop] = useState<SavedSearch>()
  const kept = searches.data ?? []
  if (kept.length === 0) return null
  const shown = all ? kept : kept.slice(0, SHOWN)
  return (
    <section aria-label="Saved searches">
      <h2 className={facets.title}>Saved searches</h2>
      <ul>
        {shown.map((each) => (
          <li key={each.search} className={styles.line}>
            <Kept search={each} here={each.query === q} />
            {each.isOwn && (
              <IconButton
                icon="cross"
                name={`Drop ${each.name ?? each.search}`}
                className={styles.drop}
                onClick={() => drop(each)}
              />
            )}
          </li>
        ))}
      </ul>
      {kept.length > shown.length && (
        <Button weight="quiet" onClick={() => setAll(true)}>
          All {kept.length}
        </Button>
      )}
      {dropped && <Drop search={dropped} onClose={() => drop(undefined)} />}
    </section>
  )
}

function Kept({ search, here }: { readonly search: SavedSearch; readonly here: boolean }) {
  const { name, query, isOwn, isShared, by } = search
  if (query === undefined) return <span className={facets.facet}>{name ?? 'erased'}</span>
  const whose = isOwn ? (isShared ? 'yours, shared' : 'yours') : `shared by ${by.name}`
  return (
    <Link
      className={join(facets.facet, styles.name, here && facets.on)}
      to={{ page: 'trail', q: query }}
      aria-current={here || undefined}
      title={`${query} (${whose})`}
    >
      <span className={styles.text}>{name ?? search.search}</span>
      {!isOwn && <span className={styles.owner}>{by.name}</span>}
    </Link>
  )
}

function Drop({ search, onClose }: { readonly search: SavedSearch; readonly onClose: () => void }) {
  const client = useQueryClient()
  const drop = useMutation({
    mutationFn: () => remove(`/api/v1/searches/${encodeURIComponent(search.search)}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['searches'] })
      onClose()
    },
  })
  return (
    <Dialog title={`Drop ${search.name ?? 'this search'}?`} open onClose={onClose}>
      <p>
        It leaves {search.isShared ? 'the list of everyone who reads' : 'your list'}. The log keeps that it was there.
      </p>
      {drop.error && <Trouble error={drop.error} />}
      <Acts>
        <Button onClick={onClose}>Keep it</Button>
        <Button weight="danger" busy={drop.isPending} onClick={() => drop.mutate()}>
          Drop
        </Button>
      </Acts>
    </Dialog>
  )
}
