/** A bordered surface with a heading; the heading names the region. */

import { useId, type ReactNode } from 'react'
import { join } from './class.ts'
import styles from './panel.module.css'

type Props = {
  readonly title: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
  readonly flush?: boolean
  readonly className?: string | undefined
}

/** `flush` lets tables and lists reach the border. */
export function Panel({ title, aside, children, flush = false, className }: Props) {
  const id = useId()
  return (
    <section className={join(styles.panel, className)} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        {aside && <span className={styles.aside}>{aside}</span>}
      </header>
      <div className={flush ? styles.flush : styles.body}>{children}</div>
    </section>
  )
}
