/** A state in one glyph and one word: never by colour alone. */

import type { ReactNode } from 'react'
import type { Outcome, ReleaseState } from '../api/shape.ts'
import { join } from './class.ts'
import { Icon, type IconName } from './icon.tsx'
import styles from './pill.module.css'
import { describeState, OUTCOME_WORD } from './words.ts'

export type Tone = 'ok' | 'wait' | 'deny' | 'info' | 'agent' | 'plain'

type Props = {
  readonly tone: Tone
  readonly icon?: IconName | undefined
  readonly children: ReactNode
  readonly title?: string
}

export function Pill({ tone, icon, children, title }: Props) {
  return (
    <span className={join(styles.pill, styles[tone])} title={title}>
      {icon && <Icon name={icon} className={styles.icon} />}
      {children}
    </span>
  )
}

const OUTCOMES = {
  allowed: { tone: 'ok', icon: 'check' },
  refused: { tone: 'deny', icon: 'cross' },
  waiting: { tone: 'wait', icon: 'clock' },
} as const

export function OutcomePill({ outcome }: { readonly outcome: Outcome }) {
  if (outcome === 'recorded') return <span className={styles.recorded}>{OUTCOME_WORD.recorded}</span>
  return <Pill {...OUTCOMES[outcome]}>{OUTCOME_WORD[outcome]}</Pill>
}

const STATES: Readonly<Record<ReleaseState, { tone: Tone; icon: IconName }>> = {
  waiting: { tone: 'wait', icon: 'clock' },
  approved: { tone: 'ok', icon: 'check' },
  deploying: { tone: 'info', icon: 'release' },
  deployed: { tone: 'ok', icon: 'check' },
  failed: { tone: 'deny', icon: 'cross' },
  refused: { tone: 'deny', icon: 'cross' },
  expired: { tone: 'plain', icon: 'clock' },
  voided: { tone: 'plain', icon: 'cross' },
}

type StateProps = { readonly state: ReleaseState; readonly given: number; readonly required: number }

export function StatePill({ state, given, required }: StateProps) {
  return <Pill {...STATES[state]}>{describeState(state, given, required)}</Pill>
}
