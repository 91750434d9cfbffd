/** Moments that stay true while the page is open: relative to now, exact on hover, counting down to the second. */

import { useEffect, useState } from 'react'
import { formatAgo, formatCountdown, formatExact, formatSpan } from './words.ts'

/** The present in ms since the epoch, renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

type At = { readonly at: string; readonly className?: string | undefined }

export function Ago({ at, className }: At) {
  const now = useNow(Date.now() - Date.parse(at) < 60_000 ? 1000 : 15_000)
  return (
    <time className={className} dateTime={at} title={formatExact(at)}>
      {formatAgo(at, now)}
    </time>
  )
}

/** `23 min left`, or `expired`. */
export function Left({ at, className }: At) {
  const left = Date.parse(at) - useNow(1000)
  return (
    <time className={className} dateTime={at} title={formatExact(at)}>
      {left > 0 ? `${formatSpan(left)} left` : 'expired'}
    </time>
  )
}

/** `4:07`, to the second. */
export function Countdown({ at, className }: At) {
  const left = Date.parse(at) - useNow(1000)
  return (
    <time className={className} dateTime={at} title={formatExact(at)}>
      {formatCountdown(left)}
    </time>
  )
}
