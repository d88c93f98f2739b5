import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openwhisk from 'openwhisk';
import { silentReport } from '../../src/base/terminal/progress.ts';
import { writeBundleFolder } from '../../src/compiler/bundle-folder.ts';
import { compileFlow } from '../../src/compiler/compile-flow.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import type { Secrets } from '../../src/platform/deploy/bind-secrets.ts';
import { deployBundle } from '../../src/platform/deploy/deploy-bundle.ts';
import { openWhisk } from '../../src/platform/openwhisk/client.ts';
import { clientEnvironment } from '../../src/twin/host/client-env.ts';
import { homePaths } from '../../src/twin/host/platform-state.ts';
import type { SharedPlatform } from './platform.ts';

const run = promisify(execFile);
const here = import.meta.dirname;

/** What an invocation answered, and the id of its activation. */
export interface Invoked {
  activationId: string;
  result: Record<string, unknown>;
}

export async function compileFile(file: string): Promise<Bundle> {
  const { bundle, diagnostics } = await compileFlow(file);
  assert.ok(bundle, diagnostics.map(({ message }) => message).join('\n'));
  return bundle;
}

/** Compiles a flow and puts it on the platform. */
export async function deployFlow(shared: SharedPlatform, file: string, secrets: Secrets = {}): Promise<Bundle> {
  const { home, platform, store } = shared;
  const bundle = await compileFile(file);
  const whisk = openWhisk({ ...platform.whisk, insecure: false });
  const where = { whisk, store, python: platform.python, home, vendored: false };
  await deployBundle({ ...where, bundle, secrets, user: 'tester', report: silentReport });
  return bundle;
}

/** A flow of a test's own, and the files beside it by name, in a folder that the test removes. */
export async function flowFile(
  text: string,
  beside: Record<string, string> = {},
): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-flow-'));
  for (const [name, content] of Object.entries(beside)) await writeFile(join(folder, name), content);
  const file = join(folder, 'flow.yaml');
  await writeFile(file, text);
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function client({ platform }: SharedPlatform): openwhisk.Client {
  const { apihost, auth, namespace } = platform.whisk;
  return openwhisk({ apihost, api_key: auth, namespace });
}

/** Invokes a flow as any client would, and waits for its answer, which may be that it failed. */
export async function invoke(shared: SharedPlatform, flow: string, params: object = {}): Promise<Invoked> {
  const answer = await client(shared)
    .actions.invoke({ name: flow, params, blocking: true })
    .catch((error: { error?: { activationId?: string } }) => {
      if (error.error?.activationId) return error.error;
      throw error;
    });
  const { activationId, response } = answer as { activationId: string; response: { result: Invoked['result'] } };
  return { activationId, result: response.result };
}

/** The environment of a client that knows nothing of nuvopipe, as `nuvopipe local env` prints it. */
export function stockEnvironment({ home, platform }: SharedPlatform): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: tmpdir(),
    USERNAME: 'tester',
    ...clientEnvironment(platform, homePaths(home).wskprops),
  };
}

export interface TaskArtifacts {
  stack: unknown[];
  ok: boolean;
  artifacts: Record<string, string>;
  stdout: string;
}

export interface RunArtifacts {
  successful: boolean;
  steps: Record<string, TaskArtifacts[]>;
}

/** Everything that Metaflow's stock client reads of a run. */
export async function artifactsOf(python: string, env: NodeJS.ProcessEnv, pathspec: string): Promise<RunArtifacts> {
  const script = join(here, '../e2e/artifacts.py');
  const { stdout } = await run(python, [script, pathspec], { env, maxBuffer: 64 << 20 });
  return JSON.parse(stdout);
}

export interface StockRun {
  code: number;
  stderr: string;
  /** For {@link artifactsOf}. */
  env: NodeJS.ProcessEnv;
  pathspec: string;
  remove(): Promise<void>;
}

/** What unpickling the artifacts of a flow needs: its code, and its packages, which the runtime has unpacked here. */
export async function modulePath(bundle: Bundle, codeFolder: string): Promise<string> {
  return [
    codeFolder,
    ...(Object.values(bundle.plan.profiles).some(({ pip }) => pip) ? await unpackedLayers() : []),
  ].join(':');
}

async function unpackedLayers(): Promise<string[]> {
  const folder = join(tmpdir(), `nuvopipe-layers-${process.getuid?.()}`);
  const layers = await readdir(folder).catch(() => []);
  return layers.map((layer) => join(folder, layer));
}

/** `python flow.py run` of a bundle, under stock Metaflow with its local datastore. */
export async function stockRun(
  python: string,
  bundle: Bundle,
  codeFolder: string,
  args: string[] = [],
): Promise<StockRun> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-stock-'));
  const place = join(folder, 'bundle');
  await writeBundleFolder(bundle, place);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    USERNAME: 'tester',
    METAFLOW_DATASTORE_SYSROOT_LOCAL: folder,
    METAFLOW_DEFAULT_DATASTORE: 'local',
    METAFLOW_DEFAULT_METADATA: 'local',
    PYTHONPATH: await modulePath(bundle, codeFolder),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const idFile = join(folder, 'run-id');
  const command = ['flow.py', '--no-pylint', '--quiet', 'run', '--run-id-file', idFile, ...args];
  const done = await run(python, command, { cwd: place, env, maxBuffer: 64 << 20 }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      stderr: `${error.stdout}${error.stderr}`,
    }),
  );
  const id = await readFile(idFile, 'utf8').catch(() => '');
  return {
    ...done,
    env,
    pathspec: `${bundle.manifest.flow}/${id}`,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
