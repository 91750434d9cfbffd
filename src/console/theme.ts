/** Light, dark, or whatever the system says: kept in this browser, shown through one attribute. */

export type Theme = 'system' | 'light' | 'dark'

const SLOT = 'countersign.theme'
const listeners = new Set<() => void>()

export function readTheme(): Theme {
  const kept = localStorage.getItem(SLOT)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(SLOT)
  else localStorage.setItem(SLOT, theme)
  applyTheme(theme)
  for (const listener of listeners) listener()
}

/** Calls back at every choice; returns how to stop. */
export function watchTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
