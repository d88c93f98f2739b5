import type { Datastore } from './targets.ts';

export interface ServedMetadata {
  /** For `METAFLOW_SERVICE_URL`. */
  url: string;
  /** `s3://bucket/prefix`, for `METAFLOW_DATASTORE_SYSROOT_S3`. */
  datastore: string;
  close(): Promise<void>;
}

/**
 * Serves the runs of a datastore on 127.0.0.1 as Metaflow's metadata service does, so that Metaflow's own client reads them.
 *
 * @param options.port default: any that is free
 * @throws UserError `port-taken`.
 * @example
 * const service = await serveMetadata(await datastore(), { port: 8080 });
 */
export async function serveMetadata(at: Datastore, { port = 0 } = {}): Promise<ServedMetadata> {
  const [{ openStore }, { startMetadataService }] = await Promise.all([
    import('../platform/s3/store.ts'),
    import('../platform/metadata/service.ts'),
  ]);
  const store = await openStore(at.store);
  try {
    const service = await startMetadataService({ store, port });
    const close = async () => {
      await service.close();
      store.close();
    };
    return { url: service.url, datastore: store.root, close };
  } catch (error) {
    store.close();
    throw error;
  }
}
