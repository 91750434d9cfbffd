/** Who decides, and why: each rule with what met it, whether this person can sign, and what would void it all. */

import type { Release } from '../api/shape.ts'
import { Icon } from '../part/icon.tsx'
import { Panel } from '../part/panel.tsx'
import { cutDigest, listNames, readable } from '../part/words.ts'
import styles from './deciders.module.css'

export function Deciders({ release }: { readonly release: Release }) {
  const { rules, you, voidedBy, policyDigest, effect, state, canApprove } = release
  return (
    <Panel
      title="Who decides, and why"
      aside={
        <>
          policy <code title={policyDigest}>{cutDigest(policyDigest.replace('sha256:', ''))}</code>
        </>
      }
    >
      <ul className={styles.rules}>
        {rules.map((rule) => (
          <li key={rule.text} className={styles.rule}>
            <Icon
              name={rule.ok ? 'check' : state === 'waiting' ? 'clock' : 'cross'}
              className={rule.ok ? styles.ok : state === 'waiting' ? styles.wait : styles.deny}
            />
            <span className={styles.text}>{rule.text}</span>
            <span className={styles.detail}>{readable(rule.detail)}</span>
          </li>
        ))}
      </ul>
      {state === 'waiting' && (
        <div className={styles.you}>
          <p>
            <strong>{you.canApprove ? 'You can sign this.' : 'You cannot sign this.'}</strong> {readable(you.because)}
          </p>
          {!you.canApprove && canApprove.length > 0 && <p>Can sign: {listNames(canApprove)}.</p>}
          <p>{readable(effect)}</p>
          <p>{readable(voidedBy)}</p>
        </div>
      )}
    </Panel>
  )
}
