import { subscribe } from 'node:diagnostics_channel';

export interface Activity {
  /** Time of the last activity. */
  quietMs(): number;
  /** Records activity that is not an HTTP request. */
  seen(): void;
}

/** How long this process's HTTP servers have been idle. */
export function watchRequests(now: () => number = Date.now): Activity {
  let last = now();
  const seen = () => {
    last = now();
  };
  // Node's diagnostics channels report the requests of all servers of the process.
  subscribe('http.server.request.start', seen);
  subscribe('http.server.response.finish', seen);
  return { quietMs: () => now() - last, seen };
}
