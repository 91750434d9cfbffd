/** The one door to zod: closed schemas that validate, give types, and become OpenAPI. */

export * from 'zod'
