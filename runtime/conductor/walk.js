// @ts-check

/** The session's way through the blocks of its flow: tests, and what is kept before each component. */

/**
 * Whether the session is still under way.
 *
 * @param {Envelope} envelope
 */
function goesOn(envelope) {
  return { ...envelope, value: envelope.block !== undefined };
}

/**
 * Whether a pause comes first.
 *
 * @param {Envelope} envelope
 */
function waits(envelope) {
  return { ...envelope, value: Number(envelope.wait) > 0 };
}

/**
 * Whether the envelope's block is one of those before `name`.
 *
 * @param {string} name
 */
function isBefore(name) {
  /** @param {Envelope} envelope */
  return (envelope) => ({ ...envelope, value: String(envelope.block) < name });
}

/**
 * Whether the session stays in the block.
 *
 * @param {string} name
 */
function stays(name) {
  /** @param {Envelope} envelope */
  return (envelope) => ({ ...envelope, value: envelope.block === name && !envelope.wait && !envelope.launch });
}

/**
 * Whether the stand-in of this number does the step.
 *
 * @param {number} number
 */
function isStandIn(number) {
  /** @param {Envelope} envelope */
  return (envelope) => ({ ...envelope, value: envelope.standIn === number });
}

/**
 * Keeps the envelope that a step action is given.
 *
 * @param {Envelope} envelope
 */
function remember({ value, ...envelope }) {
  saved = envelope;
  return envelope;
}

/** Goes on with the envelope as it was before the component. */
function goOn() {
  return saved;
}

module.exports = { goesOn, waits, isBefore, stays, isStandIn, remember, goOn };
