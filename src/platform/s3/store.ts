import type { Agent as HttpsAgent } from 'node:https';
import { SystemError } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { proxyFor } from '../../base/proxy.ts';
import type { StoreSettings } from '../../contract/records.ts';
import { mapParallel } from './parallel.ts';
import { sdk } from './sdk.ts';
import { statusOf, storeError } from './store-errors.ts';
import { placeName } from './store-settings.ts';

export interface StoredObject {
  body: Uint8Array;
  etag: string;
}

export interface ListedObject {
  key: string;
  /** Bytes. */
  size: number;
  /** Epoch milliseconds, to the second. */
  modified: number;
}

/** The keys under the datastore's prefix; every key here is relative to it. Errors: see `storeError`. */
export interface Store {
  readonly settings: StoreSettings;
  /** `s3://bucket/prefix`: Metaflow's `ds-root`. */
  readonly root: string;
  get(key: string): Promise<StoredObject | undefined>;
  put(key: string, body: Uint8Array | string): Promise<void>;
  /** False if the key already exists (`If-None-Match: *`). */
  putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean>;
  /** False if the object no longer has this ETag (`If-Match`). */
  putIfUnchanged(key: string, body: Uint8Array | string, etag: string): Promise<boolean>;
  exists(key: string): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Deletes many objects, a thousand per request if the server supports it; missing ones are not an error. */
  deleteAll(keys: readonly string[]): Promise<void>;
  /** All objects whose key starts with the prefix, sorted by key. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Names of the folders directly below a prefix that ends in `/`, sorted. */
  folders(prefix: string): AsyncIterable<string>;
  /** Closes the connections. */
  close(): void;
}

/** An S3 that takes longer to accept a connection counts as unreachable. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Maximum number of retries of a conditional PUT that met another one in flight (409). */
const CONFLICT_ATTEMPTS = 5;

/** Maximum number of keys per DeleteObjects request in S3's API. */
const DELETE_MAX = 1000;
/** Codes of servers that lack DeleteObjects or require something the SDK does not send (Content-MD5). */
const NO_BATCH_STATUSES: ReadonlySet<number> = new Set([400, 405, 411, 501]);

/** Host for requests to the bucket: AWS has one per bucket. */
function addressOf({ endpoint, bucket, region }: StoreSettings): string {
  return endpoint ?? `https://${bucket}.s3.${region}.amazonaws.com`;
}

export async function openStore(settings: StoreSettings): Promise<Store> {
  const {
    S3Client,
    GetObjectCommand,
    PutObjectCommand,
    HeadObjectCommand,
    DeleteObjectCommand,
    DeleteObjectsCommand,
    ListObjectsV2Command,
  } = await sdk();
  const proxy = await proxyFor(addressOf(settings));
  const client = new S3Client({
    region: settings.region,
    credentials: {
      accessKeyId: settings.accessKeyId,
      secretAccessKey: settings.secretAccessKey,
      ...(settings.sessionToken === undefined ? {} : { sessionToken: settings.sessionToken }),
    },
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint, forcePathStyle: true }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      ...(proxy && { httpAgent: proxy.agent, httpsAgent: proxy.agent as HttpsAgent }),
    },
    // Many S3 servers do not support the SDK's own checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const Bucket = settings.bucket;
  const base = settings.prefix === '' ? '' : `${settings.prefix}/`;

  async function attempt<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, settings, key);
    }
  }

  async function conditionalPut(
    key: string,
    Body: Uint8Array | string,
    condition: { IfNoneMatch: '*' } | { IfMatch: string },
  ): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      try {
        await client.send(new PutObjectCommand({ Bucket, Key: base + key, Body, ...condition }));
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) return false;
        if (status === 404 && 'IfMatch' in condition && (error as Error).name !== 'NoSuchBucket') return false;
        if (status !== 409 || tries === CONFLICT_ATTEMPTS) throw storeError(error, settings, key);
      }
    }
  }

  async function deleteOne(key: string): Promise<void> {
    await attempt(key, () => client.send(new DeleteObjectCommand({ Bucket, Key: base + key })));
  }

  let deletesBatches = true;

  async function deleteBatch(keys: readonly string[]): Promise<void> {
    if (deletesBatches) {
      const Objects = keys.map((key) => ({ Key: base + key }));
      try {
        const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
        const failed = new Set(answer.Errors?.map(({ Key = '' }) => Key));
        // Individual deletes report their own errors.
        await mapParallel([...failed], (key) => deleteOne(key.slice(base.length)));
        return;
      } catch (error) {
        if (!NO_BATCH_STATUSES.has(statusOf(error))) throw storeError(error, settings, keys[0] as string);
        deletesBatches = false;
      }
    }
    await mapParallel(keys, deleteOne);
  }

  async function* pages(prefix: string, Delimiter?: '/') {
    let ContinuationToken: string | undefined;
    do {
      const page = await attempt(prefix, () =>
        client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: base + prefix,
            ...(Delimiter === undefined ? {} : { Delimiter }),
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        ),
      );
      yield page;
      ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  return {
    settings,
    root: placeName(settings),
    async get(key) {
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key: base + key }));
        if (answer.Body === undefined) return undefined;
        return { body: await answer.Body.transformToByteArray(), etag: answer.ETag ?? '' };
      } catch (error) {
        if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
        throw storeError(error, settings, key);
      }
    },
    async put(key, Body) {
      await attempt(key, () => client.send(new PutObjectCommand({ Bucket, Key: base + key, Body })));
    },
    putIfAbsent: (key, body) => conditionalPut(key, body, { IfNoneMatch: '*' }),
    putIfUnchanged: (key, body, etag) => conditionalPut(key, body, { IfMatch: etag }),
    async exists(key) {
      try {
        await client.send(new HeadObjectCommand({ Bucket, Key: base + key }));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw storeError(error, settings, key);
      }
    },
    delete: deleteOne,
    async deleteAll(keys) {
      const batches = Array.from({ length: Math.ceil(keys.length / DELETE_MAX) }, (_, index) =>
        keys.slice(index * DELETE_MAX, (index + 1) * DELETE_MAX),
      );
      const [first, ...others] = batches;
      // Shows whether the server supports batches.
      if (first) await deleteBatch(first);
      if (deletesBatches) await mapParallel(others, deleteBatch);
      else for (const batch of others) await deleteBatch(batch);
    },
    async *list(prefix) {
      for await (const page of pages(prefix)) {
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          yield { key: Key.slice(base.length), size: Size, modified: LastModified?.getTime() ?? 0 };
        }
      }
    },
    async *folders(prefix) {
      for await (const page of pages(prefix, '/')) {
        for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
          yield Prefix.slice(base.length + prefix.length, -1);
        }
      }
    },
    close: () => client.destroy(),
  };
}

/**
 * The object as JSON; undefined if it does not exist.
 *
 * @throws SystemError `unreadable-record` if it is not a JSON object
 */
export async function getJson(store: Pick<Store, 'get'>, key: string): Promise<object | undefined> {
  const object = await store.get(key);
  if (object === undefined) return undefined;
  const record = parsed(new TextDecoder().decode(object.body));
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw unreadableRecord(key);
  return record;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Code of the error for an object that is not a valid record. */
export const UNREADABLE_RECORD = 'unreadable-record';

/** For an object at a record's key that another program wrote. */
export function unreadableRecord(key: string): SystemError {
  const message = `the object ${key} in the datastore is not a valid record`;
  return new SystemError(UNREADABLE_RECORD, message, 'move or delete it');
}
