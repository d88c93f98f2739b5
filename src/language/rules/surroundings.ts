import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

const SECRET_HINTS = {
  action: 'bind it to the action itself, where that is deployed',
  flow: 'name it in that flow, and give it where that is deployed',
};

/** An action and a flow have an environment of their own, in which that of the step which invokes them has no part. */
export function checkSurroundings({ flow, report }: CheckContext): void {
  const { environment: around, secrets: shared } = flow.settings;
  const inherited = new Set([...shared, ...around.vars.values(), ...around.pip, around.image]);
  const firstOwn = (all: readonly Located<string>[]) => all.find((each) => !inherited.has(each));
  for (const { body, environment, secrets } of allSteps(flow)) {
    if (body?.kind !== 'action' && body?.kind !== 'flow') continue;
    const secret = firstOwn(secrets);
    if (secret) {
      const message = `the secret "${secret.value}" does not reach the ${body.kind} that this step invokes`;
      report.error('useless-secret', secret.span, message, SECRET_HINTS[body.kind]);
    }
    const { vars, pip, image } = environment;
    const setting = firstOwn([...vars.values(), ...pip, ...(image ? [image] : [])]);
    if (setting) {
      const message = `the ${body.kind} that this step invokes has an environment of its own: this one is for nobody`;
      report.error('useless-environment', setting.span, message, 'remove it');
    }
  }
}
