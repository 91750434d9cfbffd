/**
 * What an auditor runs and reads, and nothing else: checking a package, and deciding again what it says was decided. Published as
 * `countersign/verify`; it knows no network, no file, no clock and no randomness.
 */

export { checkPackage, type PackageReport, type Proven, type Trust } from './package/check.ts'
export type { Cause, Check, Problem } from './package/finding.ts'
export type { Manifest } from './package/manifest.ts'
export { nodeTools } from './package/node-tools.ts'
export { replayPackage, type PackageReplay } from './package/replay.ts'
export type { Tools } from './package/tool.ts'
export { read as readLeaf, type Leaf } from './leaf.ts'
export { redecide, type Redecision } from './redecide.ts'
export { Replayer, type Difference, type ReplayReport } from './replayer.ts'
