/** The times that are asked for most, one that is typed, and whether those who only looked are shown: each a term of the query. */

import { useState } from 'react'
import type { Leaves } from '../api/shape.ts'
import { join } from '../part/class.ts'
import { Form, Field, Acts } from '../part/field.tsx'
import { Button } from '../part/button.tsx'
import { Icon } from '../part/icon.tsx'
import { go, Link } from '../router.tsx'
import styles from './chips.module.css'
import { hasTerm, HIDE_READING, partsOf, timeOf, toggleTerm, withTime } from './query.ts'
import { formatLocal, formatRange, parseLocal, parseRange, type Range } from './time.ts'

const SPANS = ['1h', '24h', '7d', '30d'] as const

type Props = { readonly q: string; readonly bars: Leaves['histogram'] }

export function Chips({ q, bars }: Props) {
  const time = timeOf(q)
  const isOwn = time !== '' && !SPANS.some((span) => time === `since:${span}`)
  const [open, setOpen] = useState(false)
  const hides = hasTerm(q, HIDE_READING)
  return (
    <div className={styles.line}>
      <ul className={styles.chips} aria-label="Time">
        {SPANS.map((span) => (
          <Chip key={span} on={time === `since:${span}`} q={withTime(q, `since:${span}`)}>
            {span}
          </Chip>
        ))}
        <Chip on={time === ''} q={withTime(q, undefined)}>
          all
        </Chip>
        <li>
          <button
            type="button"
            className={join(styles.chip, isOwn && styles.on)}
            aria-expanded={open}
            aria-controls="time-range"
            onClick={() => setOpen(!open)}
          >
            From, to <Icon name="chevron" className={styles.chevron} />
          </button>
        </li>
      </ul>
      <Link
        className={join(styles.chip, hides && styles.on)}
        to={{ page: 'trail', q: toggleReading(q) }}
        aria-current={hides || undefined}
        title={HIDE_READING}
      >
        {hides && <Icon name="check" className={styles.tick} />} hide reading
      </Link>
      {open && <Between key={time} q={q} shown={shownRange(time, bars)} />}
    </div>
  )
}

function toggleReading(q: string): string {
  if (!hasTerm(q, HIDE_READING)) return toggleTerm(q, HIDE_READING)
  const { terms, pipe } = partsOf(q)
  return [...terms.filter((term) => term !== HIDE_READING), pipe].filter(Boolean).join(' ')
}

type ChipProps = { readonly on: boolean; readonly q: string; readonly children: string }

function Chip({ on, q, children }: ChipProps) {
  return (
    <li>
      <Link className={join(styles.chip, on && styles.on)} to={{ page: 'trail', q }} aria-current={on || undefined}>
        {children}
      </Link>
    </li>
  )
}

/** What the query says, or else what its leaves span. */
function shownRange(time: string, bars: Leaves['histogram']): Range | undefined {
  const [first, last] = [bars[0], bars.at(-1)]
  return parseRange(time) ?? (first && last && { from: Date.parse(first.from), to: Date.parse(last.to) })
}

/** WCAG 2.5.7: what can be dragged can be typed as well. */
function Between({ q, shown }: { readonly q: string; readonly shown: Range | undefined }) {
  const [fault, setFault] = useState<string>()
  const send = ({ from = '', to = '' }: Record<string, string>) => {
    const [first, last] = [parseLocal(from), parseLocal(to)]
    if (first === undefined || last === undefined || last <= first) return setFault('The end must be after the start.')
    go({ page: 'trail', q: withTime(q, formatRange({ from: first, to: last })) })
  }
  const bound = { type: 'datetime-local', step: 1, required: true } as const
  return (
    <div id="time-range" className={styles.between}>
      <Form onSend={send}>
        <Field {...bound} label="From" name="from" defaultValue={shown && formatLocal(shown.from)} />
        <Field {...bound} label="To, not included" name="to" defaultValue={shown && formatLocal(shown.to)} />
        {fault && <p role="alert">{fault}</p>}
        <Acts>
          <Button type="submit">Ask for this time</Button>
        </Acts>
      </Form>
    </div>
  )
}
