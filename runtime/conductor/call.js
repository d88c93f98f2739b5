// @ts-check

/** The call of an action for a step: the step's answer has the arguments, and the step gets its envelope back with the answer. */

/**
 * Whether the step calls its action.
 *
 * @param {Envelope} envelope
 */
function calls(envelope) {
  return { ...envelope, value: envelope.call !== undefined };
}

/**
 * Keeps the envelope; goes on with the action's arguments.
 *
 * @param {Envelope} envelope
 */
function takeCall({ value, call, ...envelope }) {
  saved = { ...envelope, used: (envelope.used || 0) + 1 };
  return call;
}

/**
 * Keeps the error of a called action from being the session's.
 *
 * @param {number} maxBytes of its text
 * @param {number} nameMaxLength of the name of an error that has one
 */
function failCall(maxBytes, nameMaxLength) {
  /** @param {{ error: ActionError }} answer */
  return ({ error }) => {
    const reason = typeof error === 'string' ? error : error?.error || error?.message || error;
    const text = typeof reason === 'string' ? reason : JSON.stringify(reason);
    const bytes = Buffer.from(text);
    const message = bytes.length > maxBytes ? `${bytes.subarray(0, maxBytes)}…` : text;
    const name = typeof error === 'string' ? undefined : error?.name;
    const isNamed = typeof name === 'string' && name.length <= nameMaxLength;
    return { nuvopipeFailed: isNamed ? { name, message } : message };
  };
}

/**
 * Gives the step its envelope back, with what the action answered, or how it failed.
 *
 * @param {number} maxBytes of the answer, as JSON
 */
function giveAnswer(maxBytes) {
  /** @param {Record<string, unknown>} result */
  return (result) => {
    if (result.nuvopipeFailed !== undefined) return { ...saved, answer: { error: result.nuvopipeFailed } };
    const bytes = Buffer.byteLength(JSON.stringify(result));
    const error = `its answer has ${bytes} bytes: a step takes ${maxBytes} at most`;
    return { ...saved, answer: bytes > maxBytes ? { error } : { result } };
  };
}

module.exports = { calls, takeCall, failCall, giveAnswer };
