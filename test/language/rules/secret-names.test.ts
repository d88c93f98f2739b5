import { checkSecrets } from '../../../src/language/rules/secret-names.ts';
import { rule } from './rule.ts';

const steps = 'steps: [{ step: a, run: pass }]';

rule('secret-names', checkSecrets, {
  'accepts names of variables': [`secrets: [TOKEN, other_1]\n${steps}`, []],
  'rejects a name that no variable can have': [`secrets: [my-token]\n${steps}`, ['2 bad-variable-name']],
  'rejects a secret that is listed twice': [`secrets: [TOKEN, TOKEN]\n${steps}`, ['2 duplicate-secret']],
  'rejects a name that is a variable too': [
    `secrets: [TOKEN]\nenvironment: { vars: { TOKEN: x } }\n${steps}`,
    ['2 name-taken'],
  ],
});
