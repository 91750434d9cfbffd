/** The icons, drawn by hand on a 16 by 16 grid; always beside words or inside a control with a name of its own. */

const PATHS = {
  overview: 'M2 13.5h12M3.75 11V8M6.5 11V3M9.5 11V5.5M12.25 11V8.5',
  check: 'M3 8.6 6.3 12 13 4.6',
  release: 'M1 8h4.2M10.8 8H15M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6Z',
  trail: 'M2.5 3.5h11M2.5 8h7.5M2.5 12.5h11',
  alert: 'M8 2.3 14.4 13.4H1.6L8 2.3ZM8 6.6v3.1M8 11.4v.2',
  people:
    'M6 7.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8ZM1.6 13.4c.3-2.6 2-4 4.4-4s4.1 1.4 4.4 4M10.8 2.9a2.3 2.3 0 0 1 0 4.2M12.2 9.7c1.3.6 2.1 1.9 2.3 3.7',
  person: 'M8 7.6a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM2.6 14c.4-2.8 2.5-4.3 5.4-4.3s5 1.5 5.4 4.3',
  shield: 'M8 1.6 13.2 3.4v4.2c0 3.2-2.1 5.6-5.2 6.8-3.1-1.2-5.2-3.6-5.2-6.8V3.4L8 1.6ZM5.4 8l1.9 1.9 3.4-3.7',
  'shield-plain': 'M8 1.6 13.2 3.4v4.2c0 3.2-2.1 5.6-5.2 6.8-3.1-1.2-5.2-3.6-5.2-6.8V3.4L8 1.6Z',
  'shield-broken': 'M8 1.6 13.2 3.4v4.2c0 3.2-2.1 5.6-5.2 6.8-3.1-1.2-5.2-3.6-5.2-6.8V3.4L8 1.6ZM6 6l4 4M10 6l-4 4',
  clock: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.6V8l2.3 1.6',
  cross: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4',
  search: 'M7 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6ZM10.5 10.5 14 14',
  key: 'M5.2 8.2a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2ZM7.1 9 13.6 2.5M11.2 4.9l2 2',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
  moon: 'M13.6 9.6A6 6 0 0 1 6.4 2.4a5.9 5.9 0 1 0 7.2 7.2Z',
  screen: 'M2 3h12v8H2zM5.5 14h5M8 11v3',
  chevron: 'M4 6.2 8 10.2l4-4',
  copy: 'M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  pause: 'M5.2 3.2v9.6M10.8 3.2v9.6',
  play: 'M4.8 2.9 12.6 8l-7.8 5.1V2.9Z',
  plus: 'M8 3v10M3 8h10',
  leave: 'M9.5 2.5h-7v11h7M6.5 8h8M11.8 5.2 14.5 8l-2.7 2.8',
  help: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM6.2 6.3c.1-1 .8-1.6 1.8-1.6s1.8.6 1.8 1.6c0 1.3-1.8 1.3-1.8 2.7M8 11.2v.2',
  terminal: 'M1.8 2.8h12.4v10.4H1.8zM4.6 6l2.2 2-2.2 2M8.6 10.2h2.8',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, className }: { readonly name: IconName; readonly className?: string | undefined }) {
  return (
    <svg className={className} width="16" height="16" viewBox="0 0 16 16" fill="none" aria-hidden="true">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  )
}

/** The mark: a signature over its line. */
export function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <rect width="22" height="22" rx="6" fill="var(--cs-accent)" />
      <g stroke="var(--cs-on-accent)" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M5 12.6c1.7-.2 3.5-5.8 5-5.8 1.6 0-1.2 5.6.5 5.6 1.2 0 1.8-2.6 2.9-2.6.9 0 .5 2 3.2 2" />
        <path d="M5.5 16h11" />
      </g>
    </svg>
  )
}
