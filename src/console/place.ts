/** One address per state: every page, filter and open drawer is a place, and a place is a URL. */

import type { ReleaseState } from './api/shape.ts'

export type Place =
  | { readonly page: 'overview' }
  | { readonly page: 'releases'; readonly state?: ReleaseState }
  | { readonly page: 'release'; readonly release: string }
  | { readonly page: 'approvals'; readonly tab?: ApprovalTab }
  /** Without `q`, as one comes to it; an empty one asks for everything. */
  | { readonly page: 'trail'; readonly q?: string; readonly leaf?: number }
  | { readonly page: 'verify' }
  | { readonly page: 'alerts'; readonly alert?: string }
  | { readonly page: 'people'; readonly person?: string }
  | { readonly page: 'sign-in'; readonly next?: string }
  | { readonly page: 'signed-in' }
  | { readonly page: 'device' }
  | { readonly page: 'enrol' }
  | { readonly page: 'cli-login'; readonly port: string; readonly state: string; readonly challenge: string }
  | { readonly page: 'nowhere' }

export type ApprovalTab = 'yours' | 'others' | 'done'

const STATES = ['waiting', 'approved', 'deploying', 'deployed', 'failed', 'refused', 'expired', 'voided'] as const
const TABS = ['yours', 'others', 'done'] as const

/** Any URL of this site; what no page answers to is `nowhere`. */
export function parsePlace(url: URL): Place {
  const [, first = '', second, ...more] = url.pathname.split('/')
  const text = (name: string) => url.searchParams.get(name) ?? undefined
  if (more.length > 0 || (second !== undefined && first !== 'releases')) return { page: 'nowhere' }
  switch (first) {
    case '':
      return { page: 'overview' }
    case 'releases':
      return second
        ? { page: 'release', release: decode(second) }
        : withKnown({ page: 'releases' }, { state: STATES.find((state) => state === text('state')) })
    case 'approvals':
      return withKnown({ page: 'approvals' }, { tab: TABS.find((tab) => tab === text('tab')) })
    case 'trail':
      return { page: 'trail', ...(text('q') !== undefined && { q: text('q')! }), ...withLeaf(text('leaf')) }
    case 'verify':
      return { page: 'verify' }
    case 'alerts':
      return withKnown({ page: 'alerts' }, { alert: text('alert') })
    case 'people':
      return withKnown({ page: 'people' }, { person: text('person') })
    case 'sign-in':
      return withKnown({ page: 'sign-in' }, { next: text('next') })
    case 'device':
      return { page: 'device' }
    case 'signed-in':
      return { page: 'signed-in' }
    case 'enrol':
      return { page: 'enrol' }
    case 'cli-login':
      return {
        page: 'cli-login',
        port: text('port') ?? '',
        state: text('state') ?? '',
        challenge: text('challenge') ?? '',
      }
    default:
      return { page: 'nowhere' }
  }
}

/** The path and query of a place; `parsePlace` reads it back to the same place. */
export function formatPlace(place: Place): string {
  switch (place.page) {
    case 'overview':
    case 'nowhere':
      return '/'
    case 'release':
      return `/releases/${encodeURIComponent(place.release)}`
    default: {
      const { page, ...state } = place
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(state)) if (value !== undefined) query.set(name, String(value))
      const search = query.toString()
      return search ? `/${page}?${search}` : `/${page}`
    }
  }
}

function withLeaf(text: string | undefined): { readonly leaf?: number } {
  return text !== undefined && /^(0|[1-9][0-9]{0,14})$/.test(text) ? { leaf: Number(text) } : {}
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withKnown<P extends Place, T extends object>(place: P, state: T): P & Known<T> {
  const known = Object.entries(state).filter(([, value]) => value !== undefined && value !== '')
  return { ...place, ...(Object.fromEntries(known) as Known<T>) }
}
