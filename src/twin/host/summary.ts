import { placeName } from '../../platform/s3/store-settings.ts';
import type { Platform } from './platform-state.ts';

/** A platform without its keys, safe to show. */
export interface PlatformSummary {
  apihost: string;
  namespace: string;
  /** The S3 server. */
  s3: string;
  /** Where runs are stored: `s3://bucket/prefix`. */
  datastore: string;
  /** Metaflow's metadata service. */
  metadata: string;
  pid: number;
}

export function summaryOf({ whisk, store, metadataUrl, pid }: Platform): PlatformSummary {
  return {
    apihost: whisk.apihost,
    namespace: whisk.namespace,
    s3: store.endpoint ?? '',
    datastore: placeName(store),
    metadata: metadataUrl,
    pid,
  };
}
