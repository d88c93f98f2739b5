// @ts-check

/**
 * Makes the envelope with which a session begins: the one it was launched with, or the first one of a run.
 *
 * @param {string} envelopeKey under which a launched session finds its envelope
 * @param {string} block of the flow's first step
 * @param {string} step the flow's first step
 */
function enter(envelopeKey, block, step) {
  /** @param {Record<string, any>} given */
  return (given) => {
    if (given[envelopeKey]) return given[envelopeKey];
    const { run, wait, cancel, resume, ...params } = given;
    /** @type {Omit<Envelope, 'run'>} */
    const first = { block, step, at: [], home: true };
    if (cancel !== undefined) return { ...first, run: String(cancel), cancel: true };
    // OpenWhisk adds these to what a trigger or a web request gives; they are not the flow's.
    for (const name of Object.keys(params)) if (name.startsWith('__ow_')) delete params[name];
    if (resume !== undefined) {
      first.origin = params.from === undefined ? [String(resume)] : [String(resume), String(params.from)];
      delete params.from;
    }
    const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    const name = `${time}-${(process.env.__OW_ACTIVATION_ID || '').slice(0, 8)}`;
    const envelope = { ...first, run: run === undefined ? name : String(run), params };
    return wait === undefined ? envelope : { ...envelope, answerWithin: wait };
  };
}

module.exports = { enter };
