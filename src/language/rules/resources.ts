import { formatDurationMs } from '../../base/duration.ts';
import { formatSizeMB } from '../../base/size.ts';
import type { Resources } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

/** OpenWhisk's limits of an action, as it comes (`MemoryLimit`, `TimeLimit`). A cluster can raise them. */
export const MEMORY_MIN_MB = 128;
export const MEMORY_MAX_MB = 512;
export const TIMEOUT_MIN_MS = 100;
export const TIMEOUT_MAX_MS = 5 * 60_000;

/** Memory and time that OpenWhisk gives an action. */
export function checkResources({ flow, report }: CheckContext): void {
  function check({ memoryMB, memorySpan, timeoutMs, timeoutSpan }: Resources): void {
    const raise = 'it can only be deployed to clusters with higher limits';
    if (memorySpan && memoryMB < MEMORY_MIN_MB) {
      const message = `${formatSizeMB(memoryMB)} is too little memory: OpenWhisk actions need at least ${MEMORY_MIN_MB} MB`;
      report.error('memory-too-small', memorySpan, message, `write ${MEMORY_MIN_MB} or more`);
    }
    if (memorySpan && memoryMB > MEMORY_MAX_MB) {
      const message = `${formatSizeMB(memoryMB)} exceeds OpenWhisk's default limit of ${MEMORY_MAX_MB} MB per action`;
      report.warning('memory-above-default', memorySpan, message, raise);
    }
    if (timeoutSpan && timeoutMs < TIMEOUT_MIN_MS) {
      const message = `${formatDurationMs(timeoutMs)} is too short: OpenWhisk actions need at least ${TIMEOUT_MIN_MS}ms`;
      report.error('timeout-too-short', timeoutSpan, message, 'a number without a unit is in seconds');
    }
    if (timeoutSpan && timeoutMs > TIMEOUT_MAX_MS) {
      const limit = formatDurationMs(TIMEOUT_MAX_MS);
      const message = `${formatDurationMs(timeoutMs)} exceeds OpenWhisk's default limit of ${limit} per action`;
      report.warning('timeout-above-default', timeoutSpan, message, raise);
    }
  }

  check(flow.settings.resources);
  for (const { resources } of allSteps(flow)) check(resources);
}
