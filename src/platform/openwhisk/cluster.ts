import type { Transport } from './http.ts';

/** What a cluster publishes about itself; everything else is absent. */
export interface ClusterInfo {
  /** Kinds of actions: `python:3`, `nodejs:20`. */
  kinds?: string[];
  /** Largest memory of an action. */
  maxMemoryMB?: number;
  /** Longest time limit of an action. */
  maxTimeLimitMs?: number;
  /** Smallest log of an activation. */
  minLogsMB?: number;
  /** Invocations per minute. */
  invocationsPerMinute?: number;
  /** Concurrent activations. */
  concurrentInvocations?: number;
  /** Components of a sequence or a conductor session. */
  sequenceLength?: number;
}

/** As in the controller's `GET /` (Controller.scala); memory in bytes, durations in milliseconds. */
interface ControllerInfo {
  runtimes?: Record<string, { kind: string; deprecated?: boolean }[]>;
  limits?: Record<string, unknown>;
}

/** As in `GET …/limits` of a namespace (Limits.scala); memory in MB, durations in milliseconds. */
interface NamespaceLimits {
  maxActionMemory?: unknown;
  maxActionTimeout?: unknown;
  minActionLogs?: unknown;
  invocationsPerMinute?: unknown;
  concurrentInvocations?: unknown;
}

const BYTES_PER_MB = 1024 * 1024;

/** Reads what is published; a gateway might hide all of it. */
export async function clusterInfo(transport: Transport): Promise<ClusterInfo> {
  const [controller, namespace] = await Promise.all([
    read<ControllerInfo>(transport, '/'),
    read<NamespaceLimits>(transport, '/api/v1/namespaces/_/limits'),
  ]);
  const limits = controller?.limits ?? {};
  const kinds = Object.values(controller?.runtimes ?? {})
    .flat()
    .map(({ kind }) => kind)
    .filter((kind) => typeof kind === 'string');
  const memoryBytes = number(limits.default_max_action_memory) ?? number(limits.max_action_memory);
  const maxMemoryMB = number(namespace?.maxActionMemory) ?? (memoryBytes && Math.floor(memoryBytes / BYTES_PER_MB));
  const maxTimeLimitMs =
    number(namespace?.maxActionTimeout) ??
    number(limits.default_max_action_duration) ??
    number(limits.max_action_duration);
  const logsBytes = number(limits.default_min_action_logs) ?? number(limits.min_action_logs);
  const minLogsMB = number(namespace?.minActionLogs) ?? (logsBytes && Math.ceil(logsBytes / BYTES_PER_MB));
  const invocationsPerMinute = number(namespace?.invocationsPerMinute) ?? number(limits.actions_per_minute);
  const concurrentInvocations = number(namespace?.concurrentInvocations) ?? number(limits.concurrent_actions);
  const sequenceLength = number(limits.sequence_length);
  return {
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(maxMemoryMB === undefined ? {} : { maxMemoryMB }),
    ...(maxTimeLimitMs === undefined ? {} : { maxTimeLimitMs }),
    ...(minLogsMB === undefined ? {} : { minLogsMB }),
    ...(invocationsPerMinute === undefined ? {} : { invocationsPerMinute }),
    ...(concurrentInvocations === undefined ? {} : { concurrentInvocations }),
    ...(sequenceLength === undefined ? {} : { sequenceLength }),
  };
}

async function read<T>(transport: Transport, path: string): Promise<T | undefined> {
  try {
    const { status, body } = await transport.send({ method: 'GET', path, what: 'say what it offers', expect: [404] });
    return status === 200 && typeof body === 'object' && body !== null ? (body as T) : undefined;
  } catch {
    // Not published here. An unreachable host or a wrong key is reported by the next call, which concerns an entity.
    return undefined;
  }
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
