/** The envelope, as `schemas/envelope.v1.schema.json` describes it. */
export type { Envelope, RunFailure, RunResult } from './formats.generated.ts';
