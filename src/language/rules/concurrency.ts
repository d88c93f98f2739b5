import { ACTIVATIONS_AT_ONCE } from '../../contract/openwhisk.generated.ts';
import { allElements } from '../model/flow.ts';
import type { Check } from './context.ts';

/** Lanes above the cluster's concurrency limit must wait. */
export const checkConcurrency: Check = ({ flow, report }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'foreach' && element.kind !== 'branches') continue;
    const { value, span } = element.concurrency;
    if (value <= ACTIVATIONS_AT_ONCE || span === element.span) continue;
    const message = `concurrency ${value} exceeds OpenWhisk's default limit of ${ACTIVATIONS_AT_ONCE} concurrent activations per namespace`;
    report.warning(
      'concurrency-above-default',
      span,
      message,
      'the flow works, but fewer run at once unless the cluster allows more',
    );
  }
};
