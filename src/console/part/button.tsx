/** Buttons: one primary per screen, danger only where something ends, plain for the rest. */

import type { ButtonHTMLAttributes } from 'react'
import styles from './button.module.css'
import { join } from './class.ts'
import { Icon, type IconName } from './icon.tsx'

export type Weight = 'primary' | 'plain' | 'danger' | 'quiet'

type Look = { readonly weight?: Weight; readonly icon?: IconName | undefined; readonly busy?: boolean }

export function buttonClass(weight: Weight = 'plain'): string {
  return join(styles.button, styles[weight])
}

export function Button({
  weight,
  icon,
  busy = false,
  children,
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & Look) {
  const look = join(buttonClass(weight), className)
  return (
    <button type="button" {...rest} className={look} aria-busy={busy || undefined} disabled={busy || rest.disabled}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

/** A control that is only an icon; `name` is what a screen reader and the tooltip say. */
export function IconButton({
  icon,
  name,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly icon: IconName; readonly name: string }) {
  return (
    <button type="button" {...rest} className={join(styles.icon, rest.className)} aria-label={name} title={name}>
      <Icon name={icon} />
    </button>
  )
}
