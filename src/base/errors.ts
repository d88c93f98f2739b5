/**
 * The two kinds of failure. A `UserError` can be fixed by its reader: it exits with 2, names a place if there is one,
 * and says what to do. Everything else is a bug or an outage and exits with 1.
 */
export class UserError extends Error {
  /** Stable, kebab-case: `missing-parameter`, `host-unreachable`. */
  readonly code: string;
  /** What to do about it, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
    this.code = code;
    this.hint = hint;
  }
}

/** A bug, or a failure of a system we depend on: exit 1, with a hint on what to do next. */
export class SystemError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SystemError';
    this.code = code;
    this.hint = hint;
  }
}

export const EXIT_USER_ERROR = 2;
export const EXIT_SYSTEM_ERROR = 1;
/** 128 + SIGINT, as shells count. */
export const EXIT_INTERRUPTED = 130;
