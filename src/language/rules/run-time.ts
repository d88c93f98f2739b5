import { formatDurationMs } from '../../base/duration.ts';
import { allSteps } from '../model/flow.ts';
import type { Check } from './context.ts';

/** The run's time limit must allow for those of its steps. */
export const checkRunTime: Check = ({ flow, report }) => {
  const { timeoutMs: limit, settings } = flow;
  if (!limit) return;
  const whole = formatDurationMs(limit.value);
  for (const { name, resources } of allSteps(flow)) {
    if (!resources.timeoutSpan || resources.timeoutMs <= limit.value) continue;
    const message = `"${name?.value}" can take ${formatDurationMs(resources.timeoutMs)}, but the run's limit is ${whole}`;
    report.warning(
      'timeout-above-run',
      resources.timeoutSpan,
      message,
      'the run would end first: raise the timeout of the flow',
    );
  }
  const { timeoutSpan, timeoutMs } = settings.resources;
  if (timeoutSpan && timeoutMs > limit.value) {
    const message = `a step can take ${formatDurationMs(timeoutMs)}, but the run's limit is ${whole}`;
    report.warning('timeout-above-run', timeoutSpan, message, 'the run would end first: raise the timeout of the flow');
  }
};
