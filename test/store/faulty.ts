/** A disk that fails when it is told to. */

import { diskFiles, type Files } from '../../src/store/file.ts'

export class FaultyFiles {
  /** The system error of every write from now on; undefined while the disk is well. */
  fault: string | undefined
  /** Only operations on paths with this in them fail. */
  where = ''
  /** How much of a failing write reaches the disk all the same: 0 to 1. */
  torn = 0
  readonly files: Files = {
    ...diskFiles,
    open: async (path) => {
      const file = await diskFiles.open(path)
      return {
        read: (position, length) => file.read(position, length),
        close: () => file.close(),
        write: async (bytes, position) => {
          if (this.#fails(path) && this.torn > 0)
            await file.write(bytes.subarray(0, Math.floor(bytes.length * this.torn)), position)
          this.#check(path)
          await file.write(bytes, position)
        },
      }
    },
    createZeroed: async (path, sizeBytes) => (this.#check(path), diskFiles.createZeroed(path, sizeBytes)),
    replace: async (path, bytes, mode) => (this.#check(path), diskFiles.replace(path, bytes, mode)),
    replaceAll: async (files) => {
      for (const { path } of files) this.#check(path)
      await diskFiles.replaceAll(files)
    },
    makeDirectory: async (path, mode) => (this.#check(path), diskFiles.makeDirectory(path, mode)),
    rename: async (from, to) => (this.#check(to), diskFiles.rename(from, to)),
  }

  #fails(path: string): boolean {
    return this.fault !== undefined && path.includes(this.where)
  }

  #check(path: string): void {
    if (this.#fails(path)) throw Object.assign(new Error(`${this.fault}: injected`), { code: this.fault })
  }
}
