/** Concurrent requests: enough to hide round trips, few enough for a small S3 server. */
export const PARALLEL_REQUESTS = 32;

/** Like `Promise.all` over a map, but with at most `max` calls at once. */
export async function mapParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  max = PARALLEL_REQUESTS,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, lane));
  return results;
}
