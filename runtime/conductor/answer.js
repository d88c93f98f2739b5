// @ts-check

/**
 * Makes the session's answer. OpenWhisk takes an activation for failed whose answer has an `error`; its npm client finds the
 * reason at `error.error`.
 *
 * @param {Pick<Envelope, 'run' | 'result'>} envelope
 */
function answer({ run, result }) {
  const { error, ...rest } = result || { run, status: 'running', error: undefined };
  return error ? { error: { ...rest, ...error, error: error.message } } : rest;
}

module.exports = { answer };
