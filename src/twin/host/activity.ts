import { subscribe } from 'node:diagnostics_channel';

export interface Activity {
  /** Since when nothing has been seen. */
  quietMs(): number;
  /** Something goes on that is no request. */
  seen(): void;
}

/** How long nobody has asked this process's HTTP servers for anything. */
export function watchRequests(now: () => number = Date.now): Activity {
  let last = now();
  const seen = () => {
    last = now();
  };
  // Node's own channels: every server of the process is heard, without a word in any of them.
  subscribe('http.server.request.start', seen);
  subscribe('http.server.response.finish', seen);
  return { quietMs: () => now() - last, seen };
}
