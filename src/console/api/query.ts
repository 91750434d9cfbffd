/** What the screens hold of the server's answers: cached, refreshed by the live stream, never believed over a proof. */

import { QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { get, Problem } from './client.ts'
import type {
  Alert,
  Freeze,
  Leaf,
  Leaves,
  Login,
  LogStatus,
  Overview,
  Person,
  Release,
  ReleaseState,
  ReleaseSummary,
  SavedSearch,
  WellKnown,
} from './shape.ts'

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => count < 2 && error instanceof Problem && (error.status === 0 || error.status >= 502),
      },
      mutations: { retry: false },
    },
  })
}

export function useLogin() {
  return useQuery({ queryKey: ['login'], queryFn: () => get<Login>('/api/v1/logins/current'), staleTime: 60_000 })
}

export function useSetup() {
  return useQuery({ queryKey: ['setup'], queryFn: () => get<{ needed: boolean }>('/api/v1/setup') })
}

export function useWellKnown() {
  return useQuery({
    queryKey: ['well-known'],
    queryFn: () => get<WellKnown>('/.well-known/countersign'),
    staleTime: 60_000,
  })
}

export function useLog() {
  return useQuery({ queryKey: ['log'], queryFn: () => get<LogStatus>('/api/v1/log'), refetchInterval: 15_000 })
}

export function useOverview() {
  return useQuery({ queryKey: ['overview'], queryFn: () => get<Overview>('/api/v1/overview') })
}

export function useReleases(state?: ReleaseState) {
  const query = state ? `?state=${state}&limit=200` : '?limit=200'
  return useQuery({
    queryKey: ['releases', state ?? ''],
    queryFn: async () => (await get<{ releases: ReleaseSummary[] }>(`/api/v1/releases${query}`)).releases,
  })
}

export function useRelease(release: string) {
  return useQuery({
    queryKey: ['release', release],
    queryFn: () => get<Release>(`/api/v1/releases/${encodeURIComponent(release)}`),
  })
}

const PAGE = 100

export function useLeaves(q: string) {
  return useInfiniteQuery({
    queryKey: ['leaves', q],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam }) => get<Leaves>(`/api/v1/leaves?${leavesQuery(q, pageParam)}`),
    getNextPageParam: (page) => page.next,
    // The live stream says when there is more; a trail that was told to stand still does.
    refetchOnWindowFocus: false,
    placeholderData: (before) => before,
  })
}

function leavesQuery(q: string, before: number | undefined): URLSearchParams {
  const query = new URLSearchParams({ limit: String(PAGE) })
  if (q) query.set('q', q)
  if (before !== undefined) query.set('before', String(before))
  return query
}

/** How many leaves a query finds by now: for a view that stands still. */
export function useTotal(q: string, enabled: boolean) {
  return useQuery({
    queryKey: ['news', q],
    queryFn: async () => (await get<Leaves>(`/api/v1/leaves?${new URLSearchParams({ limit: '1', q })}`)).total,
    enabled,
    staleTime: 0,
  })
}

export function useSearches() {
  return useQuery({
    queryKey: ['searches'],
    queryFn: async () => (await get<{ searches: SavedSearch[] }>('/api/v1/searches')).searches,
  })
}

export function useFreezes() {
  return useQuery({
    queryKey: ['freezes'],
    queryFn: async () => (await get<{ freezes: Freeze[] }>('/api/v1/freezes')).freezes,
    refetchInterval: 60_000,
  })
}

export function useEnvironments(enabled: boolean) {
  return useQuery({
    queryKey: ['environments'],
    queryFn: async () =>
      (await get<{ environments: { environment: string }[] }>('/api/v1/environments')).environments.map(
        ({ environment }) => environment,
      ),
    enabled,
  })
}

export function useLeaf(leafIndex: number) {
  return useQuery({ queryKey: ['leaf', leafIndex], queryFn: () => get<Leaf>(`/api/v1/leaves/${leafIndex}`) })
}

export function useAlerts() {
  return useQuery({
    queryKey: ['alerts'],
    queryFn: async () => (await get<{ alerts: Alert[] }>('/api/v1/alerts')).alerts,
  })
}

export function usePeople() {
  return useQuery({
    queryKey: ['people'],
    queryFn: async () => (await get<{ people: Person[] }>('/api/v1/people')).people,
  })
}
