import { placeName } from '../../platform/s3/store-settings.ts';
import type { Platform } from './platform-state.ts';

/** Environment variables with which other clients (wsk, Metaflow, boto3, any AWS SDK) use a local platform. */
export function clientEnvironment(platform: Platform, wskprops: string): Record<string, string> {
  const { whisk, store, metadataUrl } = platform;
  const endpoint = store.endpoint ?? '';
  return {
    __OW_API_HOST: whisk.apihost,
    __OW_API_KEY: whisk.auth,
    WSK_CONFIG_FILE: wskprops,
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_DEFAULT_REGION: store.region,
    AWS_REGION: store.region,
    METAFLOW_SERVICE_URL: metadataUrl,
    METAFLOW_DEFAULT_METADATA: 'service',
    METAFLOW_DEFAULT_DATASTORE: 's3',
    METAFLOW_DATASTORE_SYSROOT_S3: placeName(store),
    METAFLOW_S3_ENDPOINT_URL: endpoint,
  };
}

/** The file that `wsk property set` would write. */
export function wskProperties(platform: Platform): string {
  const { apihost, auth } = platform.whisk;
  // `_` is the key's own namespace: some clients answer 401 to any other name.
  return `APIHOST=${apihost}\nAUTH=${auth}\nNAMESPACE=_\nAPIVERSION=v1\n`;
}
