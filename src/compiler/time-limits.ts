/** Time of an action beyond that of its step: the start of the step's process, and reading and writing its artifacts. */
export const RUNTIME_MARGIN_MS = 15_000;
