import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { listen } from '../../src/base/listen.ts';

describe('listen', () => {
  it('tells which server cannot have a port that another program uses', async () => {
    const [first, second] = [createServer(), createServer()];
    const port = await listen(first, 0, 'the first server');
    try {
      await assert.rejects(listen(second, port, 'the second server'), {
        code: 'port-taken',
        message: `port ${port} of 127.0.0.1 is already in use: the second server cannot listen on it`,
      });
    } finally {
      first.close();
    }
  });
});
