import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { CheckContext } from './context.ts';

const SECRET_HINTS = {
  action: 'bind it to the action itself when you deploy that action',
  flow: 'list it in that flow and pass it when you deploy that flow',
};

/** Actions and flows have their own environment; that of the calling step does not apply. */
export function checkSurroundings({ flow, report }: CheckContext): void {
  const { environment: around, secrets: shared } = flow.settings;
  const inherited = new Set([...shared, ...around.vars.values(), ...around.pip, around.image]);
  const firstOwn = (all: readonly Located<string>[]) => all.find((each) => !inherited.has(each));
  for (const { body, environment, secrets } of allSteps(flow)) {
    if (body?.kind !== 'action' && body?.kind !== 'flow') continue;
    const secret = firstOwn(secrets);
    if (secret) {
      const message = `the secret "${secret.value}" has no effect: the ${body.kind} that this step invokes cannot read it`;
      report.error('useless-secret', secret.span, message, SECRET_HINTS[body.kind]);
    }
    const { vars, pip, image } = environment;
    const setting = firstOwn([...vars.values(), ...pip, ...(image ? [image] : [])]);
    if (setting) {
      const message = `"environment" has no effect: the ${body.kind} that this step invokes has its own`;
      report.error('useless-environment', setting.span, message, 'remove it');
    }
  }
}
