/** The one error that this folder throws: foreign bytes are not what a specification says they must be. */

export type TlogErrorCode =
  | 'malformed_note'
  | 'malformed_key'
  | 'malformed_checkpoint'
  | 'malformed_cosignature'
  | 'malformed_request'
  | 'malformed_proof'
  | 'malformed_bundle'
  | 'unknown_key'
  | 'bad_signature'

/** `message` is one human sentence; it may quote at most a key name, never whole input. */
export class TlogError extends Error {
  override readonly name = 'TlogError'
  readonly code: TlogErrorCode

  constructor(code: TlogErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Runs a strict decoder of `bytes/`, and turns its SyntaxError or TypeError into ours. */
export function decodeOr<T>(code: TlogErrorCode, message: string, decode: () => T): T {
  try {
    return decode()
  } catch {
    throw new TlogError(code, message)
  }
}
