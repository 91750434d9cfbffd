/** The address bar is the state of the console: links and `go` write it, `usePlace` reads it. */

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react'
import { formatPlace, parsePlace, type Place } from './place.ts'

const listeners = new Set<() => void>()
let last: { href: string; place: Place } | undefined

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('popstate', tell)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) removeEventListener('popstate', tell)
  }
}

function tell(): void {
  for (const listener of listeners) listener()
}

function read(): Place {
  if (last?.href !== location.href) last = { href: location.href, place: parsePlace(new URL(location.href)) }
  return last.place
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, read)
}

/** `replace` is for states nobody wants to go back to, such as each letter of a query. */
export function go(place: Place, { replace = false } = {}): void {
  const before = read()
  history[replace ? 'replaceState' : 'pushState'](null, '', formatPlace(place))
  if (before.page !== place.page) scrollTo(0, 0)
  tell()
}

export type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { readonly to: Place }

/** An ordinary link: a plain click moves within the page, every other click is the browser's. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!plain || event.defaultPrevented) return
    event.preventDefault()
    go(to)
  }
  return <a {...rest} href={formatPlace(to)} onClick={follow} />
}
