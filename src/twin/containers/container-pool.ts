/**
 * The containers of the machine: reused for the same revision of an action, started while memory is available, with
 * the longest idle one stopped for others, and invocations queued if none can be stopped. Modelled on
 * ContainerPool.scala.
 */
import type { Container } from './container.ts';

/** ContainerProxy.scala: `unusedTimeout`, after which an idle container is removed. */
export const DEFAULT_IDLE_TIMEOUT_MS = 10 * 60_000;

export interface PoolOptions {
  /** Maximum sum of the memory limits of all containers. */
  readonly memoryMb: number;
  readonly idleTimeoutMs: number;
}

/** The right to use one container for one activation. */
export interface Lease {
  /** Undefined: the memory is reserved, and a container must be started and passed to `fill`. */
  readonly container: Container | undefined;
  fill(container: Container): void;
  /** Returns the container, to be kept warm or stopped. */
  release(keep: boolean): void;
}

interface Slot {
  readonly action: string;
  readonly revision: string;
  readonly memoryMb: number;
  container: Container | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly action: string;
  readonly revision: string;
  readonly memoryMb: number;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
}

/** The platform is stopping. */
export class PoolClosed extends Error {}

export class ContainerPool {
  readonly #options: PoolOptions;
  readonly #busy = new Set<Slot>();
  /** Ordered by last use: the first has been idle for longest. */
  readonly #idle = new Set<Slot>();
  #queue: Waiting[] = [];
  #usedMb = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Number of containers, for tests and status. */
  get counts(): { busy: number; idle: number; queued: number } {
    return { busy: this.#busy.size, idle: this.#idle.size, queued: this.#queue.length };
  }

  /** Waits for a container of this action revision, or for the memory to start one. @throws if the pool is closed */
  acquire(action: string, revision: string, memoryMb: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new PoolClosed();
      this.#queue.push({ action, revision, memoryMb, resolve, reject });
      this.#serve();
    });
  }

  /** The action was updated or deleted: its idle containers are stopped now, busy ones when they are returned. */
  retire(action: string): void {
    for (const slot of [...this.#idle]) if (slot.action === action) this.#end(slot);
    this.#serve();
  }

  close(): void {
    this.#closed = true;
    for (const waiting of this.#queue) waiting.reject(new PoolClosed());
    this.#queue = [];
    for (const slot of [...this.#idle, ...this.#busy]) this.#end(slot);
  }

  #serve(): void {
    if (this.#closed) return;
    let full = false;
    this.#queue = this.#queue.filter((waiting) => {
      // First come, first served; only warm containers can be given out of order without harming earlier requests.
      const slot = this.#warm(waiting) ?? (full ? undefined : this.#reserve(waiting));
      if (slot === undefined) {
        full = true;
        return true;
      }
      waiting.resolve(this.#lease(slot));
      return false;
    });
  }

  #warm({ action, revision }: Waiting): Slot | undefined {
    let latest: Slot | undefined;
    for (const slot of [...this.#idle]) {
      if (slot.action !== action || slot.revision !== revision) continue;
      if (slot.container?.exited === true) this.#end(slot);
      else latest = slot;
    }
    if (latest === undefined) return undefined;
    clearTimeout(latest.idleTimer);
    this.#idle.delete(latest);
    this.#busy.add(latest);
    return latest;
  }

  #reserve({ action, revision, memoryMb }: Waiting): Slot | undefined {
    const { memoryMb: poolMb } = this.#options;
    let freeable = 0;
    for (const slot of this.#idle) freeable += slot.memoryMb;
    // A pool smaller than one action still runs it, alone.
    const fits = this.#usedMb - freeable + memoryMb <= poolMb || this.#busy.size === 0;
    if (!fits) return undefined;
    for (const slot of [...this.#idle]) {
      if (this.#usedMb + memoryMb <= poolMb) break;
      this.#end(slot);
    }
    const slot: Slot = { action, revision, memoryMb, container: undefined, idleTimer: undefined };
    this.#busy.add(slot);
    this.#usedMb += memoryMb;
    return slot;
  }

  #lease(slot: Slot): Lease {
    let released = false;
    return {
      container: slot.container,
      fill: (container) => {
        slot.container = container;
        if (this.#closed) container.kill();
      },
      release: (keep) => {
        if (released) return;
        released = true;
        if (!keep || this.#closed || slot.container === undefined || slot.container.exited) this.#end(slot);
        else this.#rest(slot);
        this.#serve();
      },
    };
  }

  #rest(slot: Slot): void {
    this.#busy.delete(slot);
    this.#idle.add(slot);
    slot.idleTimer = setTimeout(() => this.#end(slot), this.#options.idleTimeoutMs);
    slot.idleTimer.unref();
  }

  #end(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    const known = this.#idle.delete(slot) || this.#busy.delete(slot);
    if (known) this.#usedMb -= slot.memoryMb;
    slot.container?.kill();
  }
}
