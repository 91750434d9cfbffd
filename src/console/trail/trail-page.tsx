/** What happened, exactly and completely: every leaf, searchable, live, each opening its proof. */

import { useEffect } from 'react'
import { useLeaves } from '../api/query.ts'
import type { Leaves, Row } from '../api/shape.ts'
import { Answer } from '../part/answer.tsx'
import { join } from '../part/class.ts'
import { Page } from '../part/page.tsx'
import { Pill } from '../part/pill.tsx'
import { formatCount, formatSpan } from '../part/words.ts'
import { go } from '../router.tsx'
import { Chips } from './chips.tsx'
import { Drawer } from './drawer.tsx'
import { ExportMenu } from './export-menu.tsx'
import { Facets } from './facets.tsx'
import { Live } from './live.tsx'
import { QueryBox } from './query-box.tsx'
import { faultOf, QueryFault } from './query-fault.tsx'
import { HIDE_READING } from './query.ts'
import { Rows } from './rows.tsx'
import { SaveView } from './save-view.tsx'
import { Tally } from './tally.tsx'
import styles from './trail.module.css'

type Props = { readonly q: string | undefined; readonly leaf: number | undefined }

/** Whoever comes without a query sees the live view, and its query in the address. */
export function TrailPage({ q, leaf }: Props) {
  useEffect(() => {
    if (q === undefined) go({ page: 'trail', q: HIDE_READING, ...(leaf !== undefined && { leaf }) }, { replace: true })
  }, [q, leaf])
  return <Shown q={q ?? HIDE_READING} leaf={leaf} />
}

function Shown({ q, leaf }: { readonly q: string; readonly leaf: number | undefined }) {
  const leaves = useLeaves(q)
  const first = leaves.data?.pages[0]
  const rows = rowsOf(leaves)
  const fault = faultOf(leaves.error)
  const asked = fault ? undefined : first
  return (
    <Page
      title="Trail"
      beside={
        <>
          {asked && !asked.counts && <Range rows={rows} q={q} />}
          {asked && <Lag head={asked.head} />}
        </>
      }
      acts={
        <>
          <Live key={q} q={q} newest={rows[0]?.leafIndex} total={asked?.total} />
          <SaveView q={fault ? '' : q} />
          <ExportMenu q={q} total={asked?.total} />
        </>
      }
    >
      <QueryBox q={q} total={asked?.total} isFaulty={fault !== undefined} />
      {fault && <QueryFault q={q} fault={fault} />}
      <Chips q={q} bars={asked?.histogram ?? []} />
      <div className={join(styles.columns, leaf !== undefined && styles.opened)}>
        <Facets q={q} facets={asked?.facets} />
        <div className={styles.list}>
          {fault ? (
            <p className={styles.unasked}>Nothing is shown while the query is not understood.</p>
          ) : (
            <Results leaves={leaves} q={q} selected={leaf} />
          )}
        </div>
        {leaf !== undefined && <Drawer key={leaf} leafIndex={leaf} q={q} />}
      </div>
    </Page>
  )
}

type ResultsProps = {
  readonly leaves: ReturnType<typeof useLeaves>
  readonly q: string
  readonly selected: number | undefined
}

function Results({ leaves, q, selected }: ResultsProps) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = leaves
  return (
    <Answer query={{ data: data?.pages[0], error, refetch }}>
      {({ histogram, counts }) =>
        counts ? (
          <Tally counts={counts} q={q} />
        ) : (
          <Rows
            rows={rowsOf(leaves)}
            histogram={histogram}
            q={q}
            selected={selected}
            more={hasNextPage ? () => void fetchNextPage() : undefined}
            busy={isFetchingNextPage}
          />
        )
      }
    </Answer>
  )
}

function rowsOf({ data }: ReturnType<typeof useLeaves>): readonly Row[] {
  return data?.pages.flatMap((page) => page.rows) ?? []
}

/** A view claims its own range and nothing more: a gap in the indices is told, and so is a filter. */
function Range({ rows, q }: { readonly rows: readonly Row[]; readonly q: string }) {
  const newest = rows[0]?.leafIndex
  const oldest = rows.at(-1)?.leafIndex
  if (newest === undefined || oldest === undefined) return null
  const span = `${formatCount(oldest)} to ${formatCount(newest)}`
  if (q === HIDE_READING) return <Pill tone="plain">Range {span}, reading hidden</Pill>
  if (q !== '') return <Pill tone="plain">Range {span}, filtered by the server</Pill>
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

/** The trail is filled behind the log; what is not in it yet is no search's fault. */
function Lag({ head: { lag } }: { readonly head: Leaves['head'] }) {
  if (!lag || lag.leaves === 0) return null
  return (
    <Pill tone="wait" icon="clock" title="Leaves that are in the log, and that no search finds yet">
      {formatCount(lag.leaves)} {lag.leaves === 1 ? 'leaf' : 'leaves'} behind the log
      {lag.ms >= 1_000 && `, ${formatSpan(lag.ms)}`}
    </Pill>
  )
}
