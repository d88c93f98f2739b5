import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { type Datastore, datastore, local } from '../../index.ts';

/** Flags that select the datastore. */
export const storeFlags = {
  datastore: string({
    description: 'S3 URL that stores runs [default: $METAFLOW_DATASTORE_SYSROOT_S3]',
    helpValue: 's3://BUCKET/PREFIX',
    helpGroup: 'DATASTORE',
  }),
  endpoint: string({
    description: 'S3 endpoint, if not AWS [default: $AWS_ENDPOINT_URL_S3]',
    helpValue: 'URL',
    helpGroup: 'DATASTORE',
  }),
  profile: string({
    description: 'AWS profile with the S3 keys [default: from the environment]',
    helpValue: 'NAME',
    helpGroup: 'DATASTORE',
  }),
};

export interface StoreFlags {
  home: string;
  datastore?: string | undefined;
  endpoint?: string | undefined;
  profile?: string | undefined;
}

/** The datastore in the flags; otherwise that of the local platform if it is running, then the environment's. */
export async function chosenDatastore(flags: StoreFlags, env = process.env): Promise<Datastore> {
  if (flags.datastore !== undefined) return datastore(flags);
  const platform = await local.find(flags);
  if (platform !== undefined) return platform;
  if (env.METAFLOW_DATASTORE_SYSROOT_S3) return datastore(flags);
  throw new UserError(
    'no-datastore',
    `the local platform in ${flags.home} is not running, and no other datastore was given`,
    'start it with "nuvopipe local start", or add --datastore s3://bucket/prefix',
  );
}
