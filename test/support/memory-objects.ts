import type { Store } from '../../src/platform/s3/store.ts';

/** What reading runs needs of a store, and which objects it was asked for. */
export class MemoryObjects {
  readonly objects = new Map<string, string>();
  readonly read: string[] = [];
  readonly store = {
    get: async (key: string) => {
      this.read.push(key);
      const body = this.objects.get(key);
      return body === undefined ? undefined : { body: new TextEncoder().encode(body), etag: '' };
    },
    exists: async (key: string) => this.objects.has(key),
    list: async function* (this: MemoryObjects, prefix: string) {
      for (const key of [...this.objects.keys()].toSorted()) {
        if (key.startsWith(prefix)) yield { key, size: this.objects.get(key)?.length ?? 0, modified: 5_000 };
      }
    }.bind(this),
    folders: async function* (this: MemoryObjects, prefix: string) {
      const names = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
      yield* new Set(names.map((key) => key.slice(prefix.length).split('/')[0] as string));
    }.bind(this),
  } as unknown as Store;

  put(key: string, body: string | object): void {
    this.objects.set(key, typeof body === 'string' ? body : JSON.stringify(body));
  }
}
