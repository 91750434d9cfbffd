/** Form fields with their label, hint and the acts beneath them. */

import { useId, type SubmitEvent, type InputHTMLAttributes, type ReactNode } from 'react'
import styles from './field.module.css'

type FieldProps = InputHTMLAttributes<HTMLInputElement> & { readonly label: string; readonly hint?: string }

export function Field({ label, hint, ...rest }: FieldProps) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <input {...rest} id={id} className={styles.input} aria-describedby={hint ? `${id}-hint` : undefined} />
      {hint && (
        <span id={`${id}-hint`} className={styles.hint}>
          {hint}
        </span>
      )}
    </div>
  )
}

type FormProps = { readonly onSend: (values: Record<string, string>) => void; readonly children: ReactNode }

/** Hands over the trimmed values of its named fields. */
export function Form({ onSend, children }: FormProps) {
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const entries = [...new FormData(event.currentTarget)].map(([name, value]) => [
      name,
      typeof value === 'string' ? value.trim() : '',
    ])
    onSend(Object.fromEntries(entries) as Record<string, string>)
  }
  return (
    <form className={styles.form} onSubmit={send}>
      {children}
    </form>
  )
}

export function Acts({ children }: { readonly children: ReactNode }) {
  return <div className={styles.acts}>{children}</div>
}
