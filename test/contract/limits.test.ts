import assert from 'node:assert/strict';
import {
  ACTION_TIME_MAX_MS,
  BLOCKING_WAIT_MS,
  PAYLOAD_MAX_BYTES,
  SESSION_COMPONENTS_MAX,
} from '../../src/contract/openwhisk.generated.ts';
import * as protocol from '../../src/contract/protocol.generated.ts';

describe('protocol constants', () => {
  it('leave room for what the conductor answers beside parameters, arguments and answers', () => {
    const { CALL_ANSWER_MAX_BYTES, CALL_ARGUMENTS_MAX_BYTES, CONDUCTOR_RESERVE_BYTES, PARAMETERS_MAX_BYTES } = protocol;
    assert.equal(PARAMETERS_MAX_BYTES, PAYLOAD_MAX_BYTES / 2 - CONDUCTOR_RESERVE_BYTES);
    assert.equal(CALL_ARGUMENTS_MAX_BYTES, PAYLOAD_MAX_BYTES - CONDUCTOR_RESERVE_BYTES);
    assert.equal(CALL_ANSWER_MAX_BYTES, PAYLOAD_MAX_BYTES / 2 - 4 * protocol.ENVELOPE_MAX_BYTES);
  });

  it("stay within OpenWhisk's limits", () => {
    assert.ok(protocol.CONTINUE_FROM < protocol.LAST_STEP_AT && protocol.LAST_STEP_AT < SESSION_COMPONENTS_MAX);
    assert.ok(protocol.PAUSE_MAX_MS < ACTION_TIME_MAX_MS);
    assert.ok(protocol.ANSWER_WITHIN_S * 1000 < BLOCKING_WAIT_MS);
  });

  it('accept names of runs up to the longest', () => {
    assert.match('r'.repeat(protocol.RUN_NAME_MAX_LENGTH), protocol.RUN_NAME);
    assert.doesNotMatch('r'.repeat(protocol.RUN_NAME_MAX_LENGTH + 1), protocol.RUN_NAME);
  });
});
