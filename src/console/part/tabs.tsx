/** Views of one list, each with an address of its own: links, not buttons. */

import type { Place } from '../place.ts'
import { Link } from '../router.tsx'
import { join } from './class.ts'
import styles from './tabs.module.css'
import { formatCount } from './words.ts'

export type Tab = { readonly label: string; readonly to: Place; readonly here: boolean; readonly count?: number }

export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }) {
  return (
    <nav aria-label={label}>
      <ul className={styles.tabs}>
        {tabs.map((tab) => (
          <li key={tab.label}>
            <Link
              to={tab.to}
              className={join(styles.tab, tab.here && styles.here)}
              aria-current={tab.here || undefined}
            >
              {tab.label}
              {tab.count !== undefined && <span className={styles.count}>{formatCount(tab.count)}</span>}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
