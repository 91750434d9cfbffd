/** `countersign demo`: nine facts on real input, each told with its command and its leaf; then the console stays open. */

import { runStory, type StoryOptions } from './demo/story.ts'
import type { Terminal } from './terminal.ts'

/** 0 when all facts happened; a Failure that names the first one that did not. */
export async function run(options: StoryOptions, terminal: Terminal): Promise<number> {
  return await runStory(options, terminal)
}
