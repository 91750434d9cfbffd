/** The live stream of leaves: it only says that something happened; what happened is read from the server again. */

import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { Row } from './api/shape.ts'

export type Stream = { readonly state: 'connecting' | 'live' | 'lost'; readonly paused: boolean }

const SETTLE_MS = 400
const RECONNECT_MS = 5_000
const listeners = new Set<() => void>()
let stream: Stream = { state: 'connecting', paused: false }

function set(change: Partial<Stream>): void {
  stream = { ...stream, ...change }
  for (const listener of listeners) listener()
}

export function useStream(): Stream {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => stream,
  )
}

/** While paused the trail stands still; how many leaves it would have by now is asked for apart (`news`). */
export function pauseTrail(paused: boolean, client: QueryClient): void {
  set({ paused })
  if (!paused) void client.invalidateQueries({ queryKey: ['leaves'] })
}

/** Opens the stream; returns how to close it. A stream the server ended for good is opened again, slowly. */
export function openStream(client: QueryClient): () => void {
  const settle = gather(client)
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined

  const open = () => {
    source = new EventSource('/api/v1/events')
    source.addEventListener('open', () => set({ state: 'live' }))
    source.addEventListener('leaf', (event) => settle(keysOf(typeOf(event.data))))
    source.addEventListener('alert', () => settle(['alerts', 'overview']))
    source.addEventListener('head', () => settle(['log']))
    source.addEventListener('damaged', () => settle(['log', 'leaves']))
    source.addEventListener('error', () => {
      set({ state: 'lost' })
      if (source.readyState !== EventSource.CLOSED) return
      void client.invalidateQueries({ queryKey: ['login'] })
      again = setTimeout(open, RECONNECT_MS)
    })
  }
  open()
  return () => {
    source.close()
    clearTimeout(again)
    settle.cancel()
  }
}

/**
 * Gathers what became old and refreshes it together, at most once per `SETTLE_MS`, however fast leaves arrive. What is still being
 * fetched is fetched again afterwards, and never broken off: a busy log would otherwise keep a screen from ever filling.
 */
function gather(client: QueryClient) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const old = new Set<string>()
  const running = new Set<string>()
  const arm = () => {
    timer ??= setTimeout(flush, SETTLE_MS)
  }
  const flush = () => {
    timer = undefined
    for (const key of [...old].filter((each) => !running.has(each))) {
      old.delete(key)
      running.add(key)
      void client.invalidateQueries({ queryKey: [shown(key)] }).finally(() => {
        running.delete(key)
        if (old.has(key)) arm()
      })
    }
  }
  const add = (keys: readonly string[]) => {
    for (const key of keys) old.add(key)
    arm()
  }
  return Object.assign(add, { cancel: () => clearTimeout(timer) })
}

/** What stands still is not fetched; only how many leaves it would have. */
function shown(key: string): string {
  return key === 'leaves' && stream.paused ? 'news' : key
}

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  release: ['releases', 'release'],
  approval: ['releases', 'release'],
  grant: ['releases', 'release'],
  build: ['releases', 'release'],
  person: ['people'],
  role: ['people', 'login'],
  key: ['people'],
  passkey: ['people'],
  alert: ['alerts'],
  // Looking changes nothing but the trail itself.
  trail: [],
  search: ['searches'],
  freeze: ['freezes', 'releases', 'release'],
  observation: ['releases', 'release'],
}

/** What a leaf of this type makes old. The trail and the overview tell of everything. */
export function keysOf(type: string): readonly string[] {
  return ['leaves', 'overview', 'log', ...(ROOMS[type.split('.', 1)[0]!] ?? ['people', 'releases', 'release'])]
}

function typeOf(data: unknown): string {
  try {
    return String((JSON.parse(String(data)) as Partial<Row>).type)
  } catch {
    return ''
  }
}
