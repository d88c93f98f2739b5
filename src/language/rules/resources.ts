import { formatDurationMs } from '../../base/duration.ts';
import { formatSizeMB } from '../../base/size.ts';
import {
  ACTION_MEMORY_MAX_MB,
  ACTION_MEMORY_MIN_MB,
  ACTION_TIME_MAX_MS,
  ACTION_TIME_MIN_MS,
} from '../../contract/openwhisk.generated.ts';
import type { Resources } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

/** Checks memory and time against OpenWhisk's limits. */
export function checkResources({ flow, report }: CheckContext): void {
  function check({ memoryMB, memorySpan, timeoutMs, timeoutSpan }: Resources): void {
    const raise = 'it can only be deployed to clusters with higher limits';
    if (memorySpan && memoryMB < ACTION_MEMORY_MIN_MB) {
      const message = `${formatSizeMB(memoryMB)} is too little memory: OpenWhisk actions need at least ${ACTION_MEMORY_MIN_MB} MB`;
      report.error('memory-too-small', memorySpan, message, `write ${ACTION_MEMORY_MIN_MB} or more`);
    }
    if (memorySpan && memoryMB > ACTION_MEMORY_MAX_MB) {
      const message = `${formatSizeMB(memoryMB)} exceeds OpenWhisk's default limit of ${ACTION_MEMORY_MAX_MB} MB per action`;
      report.warning('memory-above-default', memorySpan, message, raise);
    }
    if (timeoutSpan && timeoutMs < ACTION_TIME_MIN_MS) {
      const message = `${formatDurationMs(timeoutMs)} is too short: OpenWhisk actions need at least ${ACTION_TIME_MIN_MS}ms`;
      report.error('timeout-too-short', timeoutSpan, message, 'a number without a unit is in seconds');
    }
    if (timeoutSpan && timeoutMs > ACTION_TIME_MAX_MS) {
      const limit = formatDurationMs(ACTION_TIME_MAX_MS);
      const message = `${formatDurationMs(timeoutMs)} exceeds OpenWhisk's default limit of ${limit} per action`;
      report.warning('timeout-above-default', timeoutSpan, message, raise);
    }
  }

  check(flow.settings.resources);
  for (const { resources } of allSteps(flow)) check(resources);
}
