/** What storage may refuse or fail with: one class, a closed union of codes, one human sentence each. */

export type StoreErrorCode =
  /** The queue is full: ask again shortly. */
  | 'busy'
  /** The disk does not take bytes now. Nothing acknowledged is lost; service resumes by itself when it can. */
  | 'unwritable'
  | 'closed'
  /** A leaf, disclosure or blob of a size that is not stored. */
  | 'size'
  /** Another process owns the directory. */
  | 'locked'
  /** Something signed earlier says more than, or other than, what is stored: a rollback or an edit. */
  | 'rolled_back'
  /** Stored bytes are not those that were committed. */
  | 'damaged'
  | 'absent'
  | 'wrong_passphrase'
  | 'insecure_permissions'

export class StoreError extends Error {
  override readonly name: string = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Leaves from `leafIndex` on were not made durable, and are in no tree that was ever shown. */
export class LogUnwritable extends StoreError {
  override readonly name = 'LogUnwritable'
  readonly leafIndex: number

  constructor(leafIndex: number, reason: string, options?: ErrorOptions) {
    super('unwritable', `couldn't append leaf ${leafIndex}: ${reason}`, options)
    this.leafIndex = leafIndex
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EIO: 'the disk reported an input/output error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ENOENT: 'the directory is gone',
}

/** Why a file operation failed, in words that end a sentence. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return (code && REASONS[code]) ?? (error instanceof Error ? error.message : String(error))
}

/** ENOSPC and the like; undefined for what no system call reported. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}
