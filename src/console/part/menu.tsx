/** A button that opens a list of acts; opened, moved through and closed by keyboard as menus are. */

import { Menu as Base } from '@base-ui/react/menu'
import type { ReactNode } from 'react'
import { buttonClass } from './button.tsx'
import { Icon } from './icon.tsx'
import styles from './menu.module.css'

type Props = { readonly label: string; readonly busy?: boolean; readonly children: ReactNode }

export function Menu({ label, busy = false, children }: Props) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger className={buttonClass()} disabled={busy} aria-busy={busy || undefined}>
        {label} <Icon name="chevron" className={styles.chevron} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner side="bottom" align="end" sideOffset={6} className={styles.positioner}>
          <Base.Popup className={styles.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuGroup({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Base.Group className={styles.group}>
      <Base.GroupLabel className={styles.label}>{label}</Base.GroupLabel>
      {children}
    </Base.Group>
  )
}

type ItemProps = { readonly onChoose: () => void; readonly disabled?: boolean; readonly children: ReactNode }

export function MenuItem({ onChoose, disabled = false, children }: ItemProps) {
  return (
    <Base.Item className={styles.item} onClick={onChoose} disabled={disabled}>
      {children}
    </Base.Item>
  )
}
