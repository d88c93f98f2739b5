import { UserError } from '../../base/errors.ts';
import type { StoreSettings } from '../../contract/records.ts';
import { sdk } from './sdk.ts';

export interface StoreOptions {
  /** `s3://bucket/prefix`; default: `METAFLOW_DATASTORE_SYSROOT_S3`, as in Metaflow. */
  datastore?: string | undefined;
  /** URL of an S3 other than AWS's; default: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`. */
  endpoint?: string | undefined;
  /** Profile in `~/.aws/config`; default: `AWS_PROFILE`. */
  profile?: string | undefined;
}

/** AWS's own default, which S3 servers without regions also expect in signatures. */
const DEFAULT_REGION = 'us-east-1';

/**
 * Determines where runs are stored and with which keys, by the rules of the AWS SDK (environment, profile, roles).
 * @throws UserError if the place is missing or not an S3 URL, or if there are no keys.
 */
export async function storeSettings(options: StoreOptions, env = process.env): Promise<StoreSettings> {
  const place = parseDatastore(options.datastore ?? env.METAFLOW_DATASTORE_SYSROOT_S3);
  const endpoint = parseEndpoint(options.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL);
  const { S3Client } = await sdk();
  const client = new S3Client(options.profile === undefined ? {} : { profile: options.profile });
  try {
    const keys = await client.config.credentials().catch((cause: unknown) => {
      throw new UserError(
        'no-store-credentials',
        `no keys for ${placeName(place)} in the environment or the AWS profile`,
        'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
        { cause },
      );
    });
    const region = await client.config.region().catch(() => DEFAULT_REGION);
    return {
      ...place,
      ...(endpoint === undefined ? {} : { endpoint }),
      region,
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    };
  } finally {
    client.destroy();
  }
}

/** The datastore as users write it: `s3://bucket/prefix`. */
export function placeName(place: { bucket: string; prefix: string }): string {
  return place.prefix === '' ? `s3://${place.bucket}` : `s3://${place.bucket}/${place.prefix}`;
}

/** @throws UserError if it is not `s3://bucket[/prefix]`. */
export function parseDatastore(text: string | undefined): { bucket: string; prefix: string } {
  if (text === undefined || text === '') {
    throw new UserError(
      'no-datastore',
      'no datastore was given',
      'add --datastore s3://bucket/prefix, or --local for the local platform',
    );
  }
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text);
  if (match?.[1] === undefined) {
    throw new UserError(
      'bad-datastore',
      `the datastore "${text}" is not an S3 URL`,
      'write s3://bucket/prefix; a bucket name has 3 to 63 lower-case letters, digits, dots or dashes',
    );
  }
  return { bucket: match[1], prefix: (match[2] ?? '').replace(/^\/+|\/+$/g, '') };
}

function parseEndpoint(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text)) {
    throw new UserError(
      'bad-endpoint',
      `the S3 endpoint "${text}" is not a URL`,
      'write a URL such as http://host:9000',
    );
  }
  return text.replace(/\/+$/, '');
}
