import assert from 'node:assert/strict';
import { once } from 'node:events';
import { endProcess, isAlive, processIdentity } from '../../../src/twin/host/process-identity.ts';
import { idleProcess } from '../../support/processes.ts';

describe('processes', () => {
  const started: Awaited<ReturnType<typeof idleProcess>>[] = [];
  const start = async (script?: string) => {
    const idle = await idleProcess(script);
    started.push(idle);
    return idle;
  };
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
  });

  it('have an identity that stays while they live', async () => {
    const { pid, identity } = await start();
    assert.equal(await processIdentity(pid), identity);
    assert.notEqual(await processIdentity(process.pid), identity);
  });

  it('have none when they are dead', async () => {
    const idle = await start();
    idle.child.kill('SIGKILL');
    await once(idle.child, 'exit');
    assert.equal(await processIdentity(idle.pid), undefined);
    assert.equal(await isAlive(idle), false);
  });

  it('are ended', async () => {
    const idle = await start();
    await endProcess(idle, 5_000);
    assert.equal(await isAlive(idle), false);
  });

  it('are killed when they do not listen', async () => {
    const idle = await start(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`);
    await endProcess(idle, 100);
    assert.equal(await isAlive(idle), false);
  });

  it('are not touched if only the pid matches', async () => {
    const { pid, child } = await start();
    await endProcess({ pid, identity: `${pid}:another` }, 100);
    assert.equal(child.exitCode ?? child.signalCode, null);
    assert.notEqual(await processIdentity(pid), undefined);
  });
});
