/** A file that the server makes while it sends it: whole on disk, or a sentence that says why not. */

import { Problem } from '../api/client.ts'

export type Progress = (bytes: number) => void

/** Throws a `Problem` when it is refused, and when it breaks off: a file with its end missing is never handed over. */
export async function download(path: string, onProgress: Progress, signal: AbortSignal): Promise<void> {
  const response = await fetch(path, { credentials: 'same-origin', redirect: 'error', signal }).catch(() => {
    throw new Problem(0, { code: 'unreachable', detail: 'The server cannot be reached.' })
  })
  if (!response.ok)
    throw new Problem(
      response.status,
      (await response.json().catch(() => ({}))) as ConstructorParameters<typeof Problem>[1],
    )
  const file = await new Response(counted(response, onProgress)).blob().catch(() => {
    throw new Problem(0, { code: 'cut', detail: 'The export broke off; nothing was saved.', next: 'Ask for it again.' })
  })
  const url = URL.createObjectURL(new Blob([file], { type: response.headers.get('content-type') ?? '' }))
  const link = document.createElement('a')
  link.href = url
  link.download = nameOf(response) ?? 'countersign-export'
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

function counted({ body }: Response, onProgress: Progress): ReadableStream<Uint8Array> | null {
  if (!body) return null
  let bytes = 0
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.length
        onProgress(bytes)
        controller.enqueue(chunk)
      },
    }),
  )
}

function nameOf({ headers }: Response): string | undefined {
  return /filename="([A-Za-z0-9._-]+)"/.exec(headers.get('content-disposition') ?? '')?.[1]
}
