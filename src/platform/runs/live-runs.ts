import { prefixes } from '../../contract/layout.generated.ts';
import type { Store } from '../s3/store.ts';

/** Names of a flow's runs that have not ended, from their index. */
export async function liveRuns(store: Pick<Store, 'list'>, flow: string): Promise<Set<string>> {
  const prefix = prefixes.flowLive({ flow });
  const live = new Set<string>();
  for await (const { key } of store.list(prefix)) live.add(key.slice(prefix.length));
  return live;
}
