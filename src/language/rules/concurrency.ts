import { allElements } from '../model/flow.ts';
import type { Check } from './context.ts';

/** Activations of a namespace at once, as OpenWhisk comes (`ActivationThrottler`). A cluster can raise it. */
export const CONCURRENT_ACTIVATIONS_MAX = 30;

/** Lanes above what the cluster lets run at once wait for others. */
export const checkConcurrency: Check = ({ flow, report }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'foreach' && element.kind !== 'branches') continue;
    const { value, span } = element.concurrency;
    if (value <= CONCURRENT_ACTIVATIONS_MAX || span === element.span) continue;
    const message = `concurrency ${value} exceeds OpenWhisk's default limit of ${CONCURRENT_ACTIVATIONS_MAX} concurrent activations per namespace`;
    report.warning(
      'concurrency-above-default',
      span,
      message,
      'the flow works, but fewer run at once unless the cluster allows more',
    );
  }
};
