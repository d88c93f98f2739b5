// @ts-check

/**
 * Handles the error of a step action. It gets its envelope once more, with the error's text; one that dies again does not
 * start, and another action settles the step.
 *
 * @param {{ flow: string, version: string, standIns: number, maxBytes: number, notResolved: string }} constants `standIns`: how
 *   many actions there are to settle it; `maxBytes`: of the text; `notResolved`: how OpenWhisk says that an action does not exist
 */
function handleDeath({ flow, version, standIns, maxBytes, notResolved }) {
  /** @param {{ error: ActionError }} answer */
  return ({ error }) => {
    const reason = typeof error === 'string' ? error : error?.error || error?.message;
    const text = typeof reason === 'string' ? reason : JSON.stringify(error);
    const died = Buffer.from(text).subarray(0, maxBytes).toString();
    const { run, step, standIn = 0 } = saved;
    const following = { ...saved, used: (saved.used || 0) + 1 };
    if (saved.died === undefined) return { ...following, died };
    if (standIn < standIns) return { ...following, standIn: standIn + 1, ...(standIn === 0 && { died }) };
    const resume = ` If version ${version} of ${flow} is no longer deployed: nuvopipe resume ${flow}/${run}`;
    const message = `${step}: its action died twice: ${died}${died.startsWith(notResolved) ? resume : ''}`;
    return { error: { run, status: 'failed', message, step, error: message } };
  };
}

module.exports = { handleDeath };
