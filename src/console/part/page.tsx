/** The frame of every page: its title, what stands beside it, and its content under one landmark. */

import { useEffect, type ReactNode } from 'react'
import styles from './page.module.css'

type Props = {
  readonly title: string
  readonly crumb?: ReactNode
  readonly beside?: ReactNode
  readonly acts?: ReactNode
  readonly lead?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, crumb, beside, acts, lead, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Countersign`
  }, [title])
  return (
    <>
      {crumb && <p className={styles.crumb}>{crumb}</p>}
      <header className={styles.head}>
        <h1 className={styles.title}>{title}</h1>
        {beside}
        {acts && <div className={styles.acts}>{acts}</div>}
      </header>
      {lead && <p className={styles.lead}>{lead}</p>}
      {children}
    </>
  )
}
