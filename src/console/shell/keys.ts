/** Keys that move about; none of them signs, sends or ends anything. Single keys can be turned off (WCAG 2.1.4). */

import { useEffect, useEffectEvent } from 'react'
import type { Place } from '../place.ts'
import { go } from '../router.tsx'

const SLOT = 'countersign.keys'
const CHORD_MS = 1_200

export const PLACES: Readonly<Record<string, { readonly label: string; readonly place: Place }>> = {
  o: { label: 'Overview', place: { page: 'overview' } },
  a: { label: 'Approvals', place: { page: 'approvals' } },
  r: { label: 'Releases', place: { page: 'releases' } },
  t: { label: 'Trail', place: { page: 'trail' } },
  l: { label: 'Alerts', place: { page: 'alerts' } },
  p: { label: 'People', place: { page: 'people' } },
  v: { label: 'Verify', place: { page: 'verify' } },
}

export function singleKeysAreOn(): boolean {
  return localStorage.getItem(SLOT) !== 'off'
}

export function turnSingleKeys(on: boolean): void {
  localStorage.setItem(SLOT, on ? 'on' : 'off')
}

export function useKeys(onHelp: () => void): void {
  const help = useEffectEvent(onHelp)
  useEffect(() => {
    let chordUntil = 0
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) return focusOn(event, '[data-jump]')
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || !singleKeysAreOn()) return
      if (document.querySelector('[role=dialog]')) return
      const isChord = Date.now() < chordUntil
      chordUntil = event.key === 'g' && !isChord ? Date.now() + CHORD_MS : 0
      const target = isChord ? PLACES[event.key] : undefined
      if (target) go(target.place)
      else if (event.key === '/') focusOn(event, '[data-filter], [data-jump]')
      else if (event.key === '?') help()
      else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

/** Moves focus along the rows of the page; Enter then follows the row, which is a link. */
function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)
  rows[next]?.focus()
}

function focusOn(event: KeyboardEvent, selector: string): void {
  const all = [...document.querySelectorAll<HTMLInputElement>(selector)].filter((each) => each.offsetParent !== null)
  const target = all.find((each) => each.matches('[data-filter]')) ?? all[0]
  if (!target) return
  event.preventDefault()
  target.focus()
  target.select()
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
