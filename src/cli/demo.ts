/** `countersign demo`: nine facts on real input, each told with its command and its leaf; then the console stays open. */

import { runStory, type StoryOptions } from './demo/story.ts'
import type { Terminal } from './terminal.ts'

export interface DemoOptions extends StoryOptions {
  /** End once the facts are told, with 0 only when all of them happened. */
  readonly ci?: boolean
}

export async function run(options: DemoOptions, terminal: Terminal): Promise<number> {
  return await runStory(options, terminal)
}
