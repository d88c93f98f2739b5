import { parseJson, toJson } from '../../base/json.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { RunKey, RunReader } from '../runs/reader.ts';
import { recordOf } from '../s3/read-record.ts';
import type { MetadataReply } from './reply.ts';

/** More conflicts than this are not caused by people. */
const ATTEMPTS_MAX = 10;

/**
 * Adds and removes a run's tags like `Run.add_tag` and `Run.remove_tag`: a compare-and-swap on `run.json`. The rules
 * are Metaflow's (`_mutate_user_tags_for_run`): system tags stay and cannot be added as user tags.
 */
export async function mutateTags(reader: RunReader, { flow, run }: RunKey, body: unknown): Promise<MetadataReply> {
  const { tags_to_add: adding = [], tags_to_remove: removing = [] } = (body ?? {}) as Record<string, unknown>;
  if (!isTags(adding) || !isTags(removing)) return { status: 400, body: { message: 'tags are lists of strings' } };
  const key = keys.run({ flow, run });
  for (let tries = 0; tries < ATTEMPTS_MAX; tries++) {
    const stored = await reader.store.get(key);
    if (stored === undefined) return { status: 404, body: { message: 'not found' } };
    const record = recordOf(key, 'RunRecord', parseJson(new TextDecoder().decode(stored.body)));
    const fixed = removing.filter((tag) => record.system_tags.includes(tag));
    if (fixed.length > 0) {
      return { status: 422, body: { message: `system tags cannot be removed: ${fixed.join(', ')}` } };
    }
    const kept = record.tags.filter((tag) => !removing.includes(tag));
    const added = adding.filter((tag) => !record.system_tags.includes(tag));
    const tags = [...new Set([...kept, ...added])].sort();
    if (await reader.store.putIfUnchanged(key, toJson({ ...record, tags }), stored.etag)) {
      return { status: 200, body: { tags } };
    }
  }
  return { status: 409, body: { message: 'others are changing these tags at the same time' } };
}

function isTags(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((tag) => typeof tag === 'string');
}
