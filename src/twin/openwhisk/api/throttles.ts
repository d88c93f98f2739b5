/** Throttles: invocations and fires per minute, and concurrent invocations. */
import type { Invoker } from '../invoker.ts';
import * as messages from '../messages.ts';
import { Reject } from '../reject.ts';
import { RateThrottle } from '../throttle.ts';
import type { ApiOptions } from './collection.ts';

export class Throttles {
  readonly #invoker: Invoker;
  readonly #options: ApiOptions;
  readonly #invocations: RateThrottle;
  readonly #fires: RateThrottle;

  constructor(invoker: Invoker, options: ApiOptions) {
    this.#invoker = invoker;
    this.#options = options;
    this.#invocations = new RateThrottle(options.limits.invocationsPerMinute, options.now);
    this.#fires = new RateThrottle(options.limits.firesPerMinute, options.now);
  }

  /** @throws {Reject} 429, 503 */
  checkInvocation(path: string): void {
    const { invocationsPerMinute, concurrentInvocations } = this.#options.limits;
    this.#checkRate(this.#invocations, invocationsPerMinute, path);
    const { inFlight } = this.#invoker;
    if (inFlight >= concurrentInvocations) {
      throw new Reject(429, messages.tooManyConcurrent(inFlight, concurrentInvocations));
    }
  }

  /** @throws {Reject} 429, 503 */
  checkFire(path: string): void {
    this.#checkRate(this.#fires, this.#options.limits.firesPerMinute, path);
  }

  #checkRate(throttle: RateThrottle, allowed: number, path: string): void {
    const refused = this.#options.faults.refuse?.(path);
    if (refused === 503) throw new Reject(503, messages.SERVICE_UNAVAILABLE);
    const count = throttle.check() ?? (refused === 429 ? allowed + 1 : undefined);
    if (count !== undefined) throw new Reject(429, messages.tooManyRequests(count, allowed));
  }
}
