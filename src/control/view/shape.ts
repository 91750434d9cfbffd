/**
 * What is answered to readers: closed shapes, from which types and OpenAPI come. Instants are RFC 3339 in UTC with
 * milliseconds, leaf indices count from 0, digests are `sha256:` and hex.
 */

export * from './shape-release.ts'
export * from './shape-setting.ts'
export * from './shape-trail.ts'
export * from './shape-word.ts'
