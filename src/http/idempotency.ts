/**
 * A request that was sent twice is done once: the second one gets the first one's answer. Remembered for a day, per caller, in
 * bounded memory; what held a secret is forgotten after minutes.
 */

export type Answer = { readonly status: number; readonly text: string }

/** `mismatch`: the key was used for another request. `forgotten`: it was answered, but the answer is not kept any more. */
export type Turn = { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'mismatch' | 'forgotten' }

type Kept = { readonly digest: string; readonly until: number; running?: Promise<Answer>; answer?: Answer }

const KEPT_MS = 24 * 3600 * 1000
const SECRET_KEPT_MS = 5 * 60 * 1000
const MAX_KEYS_PER_CALLER = 1_000
const MAX_CALLERS = 1_000
const MAX_ANSWER_CHARS = 8 << 20

export type Once = {
  readonly caller: string
  readonly key: string
  /** Of method, path and body. */
  readonly digest: string
  readonly isSecret: boolean
}

export class Idempotency {
  readonly #callers = new Map<string, Map<string, Kept>>()
  #chars = 0

  /** Runs `work`, or waits for the same request that runs already. A failure is not remembered: the next one may succeed. */
  async once(once: Once, at: number, work: () => Promise<Answer>): Promise<Turn> {
    const known = this.#find(once, at)
    if (known && known.digest !== once.digest) return { kind: 'mismatch' }
    if (known?.answer) return { kind: 'answer', answer: known.answer }
    if (known?.running) {
      const answer = await known.running.catch(() => undefined)
      return answer && answer.status < 500 ? { kind: 'answer', answer } : this.once(once, at, work)
    }
    if (known) return { kind: 'forgotten' }
    return { kind: 'answer', answer: await this.#run(once, at, work) }
  }

  /** What was done stays done; what was answered is gone. */
  forgetAnswers(): void {
    for (const [caller, keys] of this.#callers) for (const [key, kept] of keys) this.#forget(caller, key, kept)
  }

  async #run(once: Once, at: number, work: () => Promise<Answer>): Promise<Answer> {
    const { caller, key, digest } = once
    const kept: Kept = { digest, until: at + KEPT_MS, running: work() }
    this.#keep(caller, key, kept)
    try {
      const answer = await kept.running!
      if (answer.status >= 500) this.#drop(caller, key)
      else this.#store(once, kept, answer)
      return answer
    } catch (error) {
      this.#drop(caller, key)
      throw error
    } finally {
      delete kept.running
    }
  }

  #find({ caller, key }: Once, at: number): Kept | undefined {
    const kept = this.#callers.get(caller)?.get(key)
    if (!kept || kept.until > at) return kept
    this.#drop(caller, key)
    return undefined
  }

  #keep(caller: string, key: string, kept: Kept): void {
    const keys = this.#callers.get(caller) ?? new Map<string, Kept>()
    this.#callers.delete(caller)
    this.#callers.set(caller, keys)
    keys.set(key, kept)
    if (keys.size > MAX_KEYS_PER_CALLER) this.#drop(caller, keys.keys().next().value!)
    if (this.#callers.size > MAX_CALLERS) this.#dropCaller()
  }

  #store({ caller, key, isSecret }: Once, kept: Kept, answer: Answer): void {
    if (this.#callers.get(caller)?.get(key) !== kept) return
    kept.answer = answer
    this.#chars += answer.text.length
    if (isSecret) setTimeout(() => this.#forget(caller, key, kept), SECRET_KEPT_MS).unref()
    while (this.#chars > MAX_ANSWER_CHARS && this.#callers.size > 1) this.#dropCaller()
    const own = this.#callers.get(caller)
    while (own && this.#chars > MAX_ANSWER_CHARS) this.#drop(caller, own.keys().next().value!)
  }

  /** The key stays, so that it is not done twice; the secret goes. */
  #forget(caller: string, key: string, kept: Kept): void {
    if (this.#callers.get(caller)?.get(key) !== kept) return
    this.#chars -= kept.answer?.text.length ?? 0
    delete kept.answer
  }

  /** Of all callers, the one who was quiet longest. */
  #dropCaller(): void {
    const [caller, keys] = this.#callers.entries().next().value!
    for (const key of [...keys.keys()]) this.#drop(caller, key)
  }

  #drop(caller: string, key: string): void {
    const keys = this.#callers.get(caller)
    this.#chars -= keys?.get(key)?.answer?.text.length ?? 0
    keys?.delete(key)
    if (keys?.size === 0) this.#callers.delete(caller)
  }
}
