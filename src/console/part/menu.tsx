/** A button that unfolds a list of acts; whatever is chosen, and Escape, and going elsewhere, folds it again. */

import { createContext, use, useId, useRef, useState, type FocusEvent, type KeyboardEvent, type ReactNode } from 'react'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import styles from './menu.module.css'

const Fold = createContext<() => void>(() => undefined)

type Props = { readonly label: string; readonly busy?: boolean; readonly children: ReactNode }

export function Menu({ label, busy = false, children }: Props) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const root = useRef<HTMLDivElement>(null)
  const fold = () => {
    setOpen(false)
    root.current?.querySelector('button')?.focus()
  }
  const leave = ({ relatedTarget }: FocusEvent) => {
    if (relatedTarget instanceof Node && !root.current?.contains(relatedTarget)) setOpen(false)
  }
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Escape' && open) fold()
    else if (step !== undefined) move(root.current!, step)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div ref={root} className={styles.root} onBlur={leave} onKeyDown={press}>
      <Button busy={busy} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        {label} <Icon name="chevron" className={styles.chevron} />
      </Button>
      {open && (
        <>
          <div className={styles.elsewhere} onPointerDown={() => setOpen(false)} />
          <div id={id} className={styles.popup}>
            <Fold value={fold}>{children}</Fold>
          </div>
        </>
      )}
    </div>
  )
}

/** Along everything that can be chosen, from end to end. */
function move(root: HTMLElement, step: number): void {
  const buttons = [...root.querySelectorAll<HTMLElement>('button:not(:disabled)')]
  const at = buttons.indexOf(document.activeElement as HTMLElement)
  buttons[(at + step + buttons.length) % buttons.length]?.focus()
}

export function MenuGroup({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const id = useId()
  return (
    <div className={styles.group} role="group" aria-labelledby={id}>
      <p id={id} className={styles.label}>
        {label}
      </p>
      {children}
    </div>
  )
}

type ItemProps = { readonly onChoose: () => void; readonly disabled?: boolean; readonly children: ReactNode }

export function MenuItem({ onChoose, disabled = false, children }: ItemProps) {
  const fold = use(Fold)
  const choose = () => {
    fold()
    onChoose()
  }
  return (
    <button type="button" className={styles.item} onClick={choose} disabled={disabled}>
      {children}
    </button>
  )
}
