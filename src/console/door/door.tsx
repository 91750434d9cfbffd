/** The frame of the pages in front of the console: one card, one question. */

import { useEffect, type ReactNode } from 'react'
import { Mark } from '../part/icon.tsx'
import styles from './door.module.css'

export function Door({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Countersign`
  }, [title])
  return (
    <main className={styles.door}>
      <p className={styles.brand}>
        <Mark /> Countersign
      </p>
      <div className={styles.card}>
        <h1 className={styles.title}>{title}</h1>
        {children}
      </div>
    </main>
  )
}
