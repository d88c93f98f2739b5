import type { S3Request } from './counting-proxy.ts';

/** Requests of a part of a run, in figures. */
export interface Counted {
  all: number;
  /** Distinct new artifacts: PUTs of Metaflow's content-addressed objects, each once. */
  artifacts: number;
}

const ARTIFACT = /\/data\/[0-9a-f]{2}\/[0-9a-f]{40}$/;

export function count(requests: S3Request[]): Counted {
  const puts = requests.filter(({ method, path }) => method === 'PUT' && ARTIFACT.test(path));
  return { all: requests.length, artifacts: new Set(puts.map(({ path }) => path)).size };
}

/** How many of each kind, the most frequent first: `103 PUT commit, …`. */
export function describe(requests: S3Request[]): string {
  const kinds = new Map<string, number>();
  for (const request of requests) kinds.set(kindOf(request), (kinds.get(kindOf(request)) ?? 0) + 1);
  const sorted = [...kinds].sort(([, a], [, b]) => b - a).map(([kind, number]) => `${number} ${kind}`);
  return `${requests.length} requests: ${sorted.join(', ')}`;
}

/** The key's last part, or the one before where that is an item's index, less an attempt's number. */
function kindOf({ method, path }: S3Request): string {
  if (ARTIFACT.test(path)) return `${method} artifact`;
  const [last = '', parent = '', ...above] = path.split('/').reverse();
  if (above.length === 0) return `${method} bucket`;
  return `${method} ${/^\d+$/.test(last) ? parent : last.replace(/^\d+\./, '')}`;
}
