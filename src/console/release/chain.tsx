/** The chain of custody: six stations, joined by what binds one to the next. */

import type { Station } from '../api/shape.ts'
import { join } from '../part/class.ts'
import { Icon, type IconName } from '../part/icon.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { cutDigest, readable } from '../part/words.ts'
import styles from './chain.module.css'

type State = Station['state']

const GLYPH: Readonly<Record<State, IconName>> = { done: 'check', waiting: 'clock', todo: 'clock', broken: 'cross' }
const SAID: Readonly<Record<State, string>> = { done: 'done', waiting: 'waiting', todo: 'not yet', broken: 'broken' }

export function Chain({ stations }: { readonly stations: readonly Station[] }) {
  return (
    <section aria-label="Chain of custody" className={styles.frame}>
      <ol className={styles.chain}>
        {stations.map((station) => (
          <li key={station.key} className={join(styles.station, styles[station.state], styles[edgeOf(station)])}>
            <h2 className={styles.title}>
              <Icon name={GLYPH[station.state]} className={styles.glyph} />
              {station.title}
              <span className={styles.hidden}>: {SAID[station.state]}</span>
            </h2>
            <p className={styles.headline} title={station.headline}>
              {readable(station.headline)}
            </p>
            {station.lines.map((line) => (
              <p key={line} className={styles.line} title={line}>
                {readable(line)}
              </p>
            ))}
            <p className={styles.foot}>
              {station.leafIndex !== undefined && <ProofLink leafIndex={station.leafIndex} />}
              {station.binding && <Binding hash={station.binding} />}
            </p>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** Solid where a hash binds this station to the next, dashed where nothing does yet, broken where it does not match. */
function edgeOf(station: Station): 'bound' | 'open' | 'torn' {
  if (station.state === 'broken') return 'torn'
  return station.state === 'done' ? 'bound' : 'open'
}

function Binding({ hash }: { readonly hash: string }) {
  return (
    <span className={styles.binding} title={`bound to the next station by ${hash}`}>
      <span className={styles.hidden}>binds to the next by </span>
      <span aria-hidden="true">→ </span>
      {cutDigest(hash.replace('sha256:', ''))}
    </span>
  )
}
