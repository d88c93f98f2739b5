/**
 * nuvopipe as a library: what the command line does with flows, bundles, deploys, runs and the local platform.
 *
 * Every call returns a promise or an async generator. Nothing is printed, and the process never exits: work that takes long
 * reports to `onProgress`, and stops waiting when its `signal` is aborted. Times are milliseconds, instants milliseconds since
 * 1970. Errors that the caller can fix are {@link UserError}; those of a flow file are {@link FlowError}, with a diagnostic
 * for each. All others are {@link SystemError}, or bugs.
 *
 * @example
 * import { compile, deploy, runs, startLocal } from 'nuvopipe';
 *
 * const { bundle } = await compile('flow.yaml');
 * const platform = await startLocal();
 * await deploy(bundle, { to: platform });
 * const { status, outputs } = await runs.start(platform, bundle.manifest.flow, { parameters: { name: 'world' } });
 *
 * @module
 */

export { SystemError, UserError } from './base/errors.ts';
export { FlowError } from './language/diagnostics/diagnostic.ts';
export * from './public-api/deploy.ts';
export * from './public-api/flow-tests.ts';
export * from './public-api/flows.ts';
export type { PlatformStatus } from './public-api/local.ts';
export * as local from './public-api/local.ts';
export * from './public-api/metadata-service.ts';
export type { OnProgress, ProgressEvent } from './public-api/on-progress.ts';
export type { OutputOptions } from './public-api/outputs.ts';
export type * from './public-api/runs.ts';
export * as runs from './public-api/runs.ts';
export {
  findPython,
  type LocalOptions,
  type LocalPlatform,
  type PlatformSummary,
  type StartLocalOptions,
  startLocal,
} from './public-api/start-local.ts';
export {
  type ClusterOptions,
  cluster,
  type Datastore,
  datastore,
  type StoreOptions,
  type StoreSettings,
  type Target,
  type WhiskSettings,
} from './public-api/targets.ts';
