// @ts-check

/**
 * Begins a pause: the arguments of the `wait` action. A pause that is longer than `maxMs` is made of several.
 *
 * @param {number} maxMs
 */
function pause(maxMs) {
  /** @param {Envelope} envelope */
  return ({ value, wait = 0, ...envelope }) => {
    const ms = Math.min(wait, maxMs);
    saved = { ...envelope, used: (envelope.used || 0) + 1, ...(wait > ms && { wait: wait - ms }) };
    return { wait: ms };
  };
}

module.exports = { pause };
