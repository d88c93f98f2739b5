/** Time that an action needs besides its step: starting the process, and reading and writing artifacts. */
export const RUNTIME_MARGIN_MS = 15_000;
