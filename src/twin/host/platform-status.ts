import { readFile } from 'node:fs/promises';
import { REQUIREMENTS_LOCK, S3_REQUIREMENTS_LOCK } from '../../base/package-files.ts';
import type { WhiskSettings } from '../../platform/openwhisk/whisk-settings.ts';
import { homePaths, readPlatform } from './platform-state.ts';
import { type PlatformSummary, summaryOf } from './summary.ts';

export type PlatformStatus =
  | { running: false; home: string }
  | {
      running: true;
      home: string;
      platform: PlatformSummary;
      uptimeMs: number;
      /** Versions of nuvopipe and of important pinned packages. */
      versions: Record<string, string>;
      counts: { packages: number; actions: number; activations: number };
    };

/** The state of the local platform, running or not. */
export async function platformStatus(home: string | undefined): Promise<PlatformStatus> {
  const paths = homePaths(home);
  const platform = await readPlatform(home);
  if (!platform) return { running: false, home: paths.home };
  const [packages, actions, activations, pins] = await Promise.all([
    count(platform.whisk, 'packages'),
    count(platform.whisk, 'actions'),
    count(platform.whisk, 'activations'),
    pinnedVersions(),
  ]);
  return {
    running: true,
    home: paths.home,
    platform: summaryOf(platform),
    uptimeMs: Date.now() - platform.started,
    versions: { nuvopipe: platform.nuvopipe, ...pins },
    counts: { packages, actions, activations },
  };
}

/** Any collection of OpenWhisk's API answers `?count=true` with `{<collection>: n}`. */
async function count({ apihost, auth, namespace }: WhiskSettings, collection: string): Promise<number> {
  const response = await fetch(`${apihost}/api/v1/namespaces/${namespace}/${collection}?count=true`, {
    headers: { authorization: `Basic ${Buffer.from(auth).toString('base64')}` },
  });
  return ((await response.json()) as Record<string, number>)[collection] ?? 0;
}

const PINS_SHOWN = ['metaflow', 'obstore', 'ministack'];

async function pinnedVersions(): Promise<Record<string, string>> {
  const text = (
    await Promise.all([REQUIREMENTS_LOCK, S3_REQUIREMENTS_LOCK].map((file) => readFile(file, 'utf8')))
  ).join('\n');
  return Object.fromEntries(
    PINS_SHOWN.flatMap((name) => {
      const version = new RegExp(`^${name}==(\\S+)`, 'm').exec(text)?.[1];
      return version === undefined ? [] : [[name, version]];
    }),
  );
}
