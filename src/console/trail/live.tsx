/** Whether the trail follows the log: live, standing still with a count of what it does not show, or cut off. */

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTotal } from '../api/query.ts'
import { pauseTrail, useStream } from '../live.ts'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { formatCount } from '../part/words.ts'
import styles from './live.module.css'

type Props = { readonly q: string; readonly newest: number | undefined; readonly total: number | undefined }

export function Live({ q, newest, total }: Props) {
  const { paused, state } = useStream()
  const client = useQueryClient()
  const news = useNews(newest)
  const now = useTotal(q, paused)
  const held = paused && now.data !== undefined && total !== undefined ? Math.max(0, now.data - total) : 0
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
