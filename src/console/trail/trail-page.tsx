/** What happened, exactly and completely: every leaf, searchable, live, each opening its proof. */

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useLeaves } from '../api/query.ts'
import type { Row } from '../api/shape.ts'
import { pauseTrail, useStream } from '../live.ts'
import { Answer } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Page } from '../part/page.tsx'
import { Pill } from '../part/pill.tsx'
import { formatCount } from '../part/words.ts'
import { Drawer } from './drawer.tsx'
import { Facets } from './facets.tsx'
import { QueryBox } from './query-box.tsx'
import { Rows } from './rows.tsx'
import styles from './trail.module.css'

type Props = { readonly q: string; readonly leaf: number | undefined }

export function TrailPage({ q, leaf }: Props) {
  const leaves = useLeaves(q)
  const first = leaves.data?.pages[0]
  const rows = leaves.data?.pages.flatMap((page) => page.rows) ?? []
  return (
    <Page
      title="Trail"
      beside={first && <Range rows={rows} filtered={q !== ''} />}
      acts={<Live newest={rows[0]?.leafIndex} />}
    >
      <QueryBox q={q} total={first?.total} />
      <div className={join(styles.columns, leaf !== undefined && styles.opened)}>
        <Facets q={q} facets={first?.facets} />
        <div className={styles.list}>
          <Answer query={{ data: first, error: leaves.error, refetch: leaves.refetch }}>
            {({ histogram }) => (
              <Rows
                rows={rows}
                histogram={histogram}
                q={q}
                selected={leaf}
                more={leaves.hasNextPage ? () => void leaves.fetchNextPage() : undefined}
                busy={leaves.isFetchingNextPage}
              />
            )}
          </Answer>
        </div>
        {leaf !== undefined && <Drawer key={leaf} leafIndex={leaf} q={q} />}
      </div>
    </Page>
  )
}

/** A view claims its own range and nothing more: a gap in the indices is told, and so is a filter. */
function Range({ rows, filtered }: { readonly rows: readonly Row[]; readonly filtered: boolean }) {
  const newest = rows[0]?.leafIndex
  const oldest = rows.at(-1)?.leafIndex
  if (newest === undefined || oldest === undefined) return null
  const span = `${formatCount(oldest)} to ${formatCount(newest)}`
  if (filtered) return <Pill tone="plain">Range {span}, filtered by the server</Pill>
  const complete = newest - oldest + 1 === rows.length
  return complete ? (
    <Pill tone="ok" icon="shield">
      Range {span} complete, no gaps
    </Pill>
  ) : (
    <Pill tone="deny" icon="shield-broken">
      Range {span} has gaps
    </Pill>
  )
}

function Live({ newest }: { readonly newest: number | undefined }) {
  const { paused, held, state } = useStream()
  const client = useQueryClient()
  const news = useNews(newest)
  return (
    <>
      <span className={styles.hidden} role="status" aria-live="polite">
        {news > 0 ? `${news} new ${news === 1 ? 'leaf' : 'leaves'}` : ''}
      </span>
      <span className={join(styles.live, styles[paused ? 'paused' : state])}>
        {paused
          ? held > 0
            ? `paused, ${formatCount(held)} new`
            : 'paused'
          : state === 'lost'
            ? 'reconnecting'
            : 'live'}
      </span>
      <Button icon={paused ? 'play' : 'pause'} onClick={() => pauseTrail(!paused, client)}>
        {paused ? 'Resume' : 'Pause'}
      </Button>
    </>
  )
}

const QUIET_MS = 3_000

/** How many leaves arrived since the last announcement; spoken at most every few seconds. */
function useNews(newest: number | undefined): number {
  const told = useRef(newest)
  const [news, setNews] = useState(0)
  useEffect(() => {
    told.current ??= newest
    if (newest === undefined || newest <= (told.current ?? newest)) return
    const timer = setTimeout(() => {
      setNews(newest - (told.current ?? newest))
      told.current = newest
    }, QUIET_MS)
    return () => clearTimeout(timer)
  }, [newest])
  return news
}
