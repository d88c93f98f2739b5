/**
 * The two kinds of failure. A `UserError` is something its reader can put right: it exits with 2, names its place where
 * there is one, and says what to do. Everything else is ours: it exits with 1.
 */
export class UserError extends Error {
  /** Stable, kebab-case: `missing-parameter`, `host-unreachable`. */
  readonly code: string;
  /** What to do about it, one sentence. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
    this.code = code;
    this.hint = hint;
  }
}

/** A failure of ours or of a system we depend on: exit 1, with what to do next. */
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
