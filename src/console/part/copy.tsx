/** Copies a text and says that it did. */

import { useEffect, useState, type ReactNode } from 'react'
import { Button, IconButton } from './button.tsx'

type Props = { readonly text: string; readonly name: string; readonly children?: ReactNode }

/** With children a labelled button, without a small icon. */
export function CopyButton({ text, name, children }: Props) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1_500)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true))
  if (children) return <Button onClick={copy}>{copied ? 'Copied' : children}</Button>
  return <IconButton icon={copied ? 'check' : 'copy'} name={copied ? 'Copied' : name} onClick={copy} />
}
