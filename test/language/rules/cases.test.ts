import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { validateFlow } from '../../../src/compiler/compile-flow.ts';
import { CASES, caseFile } from '../../support/cases.ts';

/** What validate says of flows of public bug reports: `line:column code: a part of the message or hint`. */
const SAID: Record<string, string[]> = {
  'wf_webhook/catchup.yaml': ['10:23 may-not-be-set: self.rows might not be set'],
  'wf_switchtypes/strnum.yaml': [
    '9:7 unreachable-case: the parameter "code" is text, never 200',
    '10:7 unreachable-case: write "404"',
    '14:7 unreachable-case: the parameter "n" is a whole number, never "1"',
    '15:7 unreachable-case: write 2',
  ],
  'wf_switchtypes/ids.yaml': ['6:37 leading-zero: put it in quotes: "0123"'],
  'wf_yaml/anchors.yaml': [],
  'wf_yaml/topanchor.yaml': [],
  'wf_yaml/mergelist.yaml': [],
  'wf_yaml/bomcrlf.yaml': [],
  'wf_yaml/percent.yaml': [],
  'wf_yaml/tabs_in_python.yaml': [],
  'wf_yaml/vars.yaml': [],
  'wf_yaml/json1.yaml': ['3:39 leading-zero: put it in quotes: "02142"'],
  'wf_yaml/json2.yaml': ['7:16 ill-typed-default: .inf'],
  'wf_yaml/json3.yaml': ['3:72 ill-typed-default: 1e400'],
  'wf_yaml/switch01.yaml': ['9:7 leading-zero: put it in quotes: "01"'],
  'wf_yaml/withs.yaml': [
    '5:13 rounded-number: pass it as text',
    '6:18 leading-zero: "02142"',
    '6:98 leading-zero: "012345678901"',
    '6:118 leading-zero: "01"',
  ],
  'wf_yaml/scalars.yaml': [
    '3:37 ill-typed-default: put it in quotes',
    '4:33 ill-typed-default: put it in quotes',
    '8:37 ill-typed-default: put it in quotes',
    '10:39 leading-zero: write 755; an octal number starts with 0o',
    '12:35 ill-typed-default: true or false',
    '13:33 ill-typed-default: put it in quotes',
  ],
  'wf_yaml/scalars2.yaml': ['6:39 leading-zero: "02142"', '6:122 ill-typed-default: .inf'],
  'wf_yaml/colon.yaml': ['5:10 block-as-implicit-key: in quotes', '5:20 block-as-implicit-key: in quotes'],
  'wf_yaml/nested_quotes.yaml': ['5:10 block-as-implicit-key: in quotes'],
  'wf_yaml/dupkeys.yaml': ['6:5 duplicate-key: duplicate key', '7:1 duplicate-key: duplicate key'],
  'wf_yaml/switchkeys.yaml': ['10:7 duplicate-key: duplicate key'],
  'wf_yaml/tabs.yaml': ['4:1 tab-as-indent: spaces', '5:1 tab-as-indent: spaces'],
  'wf_yaml/twodocs.yaml': ['5:1 multiple-docs: one flow'],
  'wf_yaml/folded.yaml': ['7:7 python-syntax: Python'],
  'wf_envs/flow.yaml': [
    '2:22 not-expanded: is not replaced here',
    '3:15 not-expanded: only in "with"',
    '5:19 not-expanded: only in "with"',
    '5:44 not-expanded: only in "with"',
    '6:69 not-expanded: only in "with"',
    '7:46 not-expanded: only in "with"',
  ],
  'wf_onfail/act.yaml': [],
  'wf_onfail/second.yaml': [],
  'wf_onfail/item.yaml': [],
  'wf_onfail/fe.yaml': ['6:5 misplaced-element: cannot contain foreach'],
  'wf_onfail/sw.yaml': ['6:5 misplaced-element: cannot contain switch'],
  'wf_onfail/dotted.yaml': ['8:20 bad-reference: failure.message', "8:46 bad-reference: failure['message']"],
  'wf_retryon/act.yaml': ['6:44 unmatched-exception: write ActionError'],
  'wf_retryon/act2.yaml': [],
  'wf_retryon/act3.yaml': [
    '6:44 unmatched-exception: a flow fails with ActionError, timeout or crash; "ValueError" matches only if its failed step raised that',
  ],
  'wf_retryon/act4.yaml': [],
  'wf_graph/long.yaml': [],
  'wf_graph/wide.yaml': [],
  'wf_graph/words.yaml': ['7:11 reserved-name: Python'],
  'wf_graph/words2.yaml': [],
  'wf_names/b.yaml': ['1:7 bad-flow-name: Über', '2:17 bad-step-name: größe'],
  'wf_names/c.yaml': [],
  'wf_names/d.yaml': [],
  'art_names/flow.yaml': [],
  'bp/flow.yaml': [],
  'warns/flow.yaml': [],
  'wf_ci/flow.yaml': [],
  'wf_rename/f1.yaml': [],
  'wf_rename/f2.yaml': [],
  'wf_rename/f3.yaml': [],
  'star/flow.yaml': ['7:24 python-syntax: Python'],
  'self_next/flow.yaml': ['6:7 next-in-run: steps run in the order'],
  'yield_run/flow.yaml': ['11:11 yield-in-run: move it into a function'],
};

/** Schedules that are refused; all others of the case are taken. */
const SCHEDULES: Record<string, string> = {
  L: 'days range from 1 to 31',
  catchup: 'no key "catchup"',
  disabled: 'no key "enabled"',
  disabled2: 'no key "disabled"',
  empty: 'empty',
  every: '@hourly',
  everyd: 'five fields',
  five60: '1 to 59',
  hash: 'minutes range from 0 to 59',
  interval: 'cron',
  never: 'none of these months has a day 30',
  none: 'cron',
  num: 'cron',
  overlap: 'concurrencyPolicy',
  param: '"msg" must be text',
  param2: 'msgg',
  quest: 'days range from 1 to 31',
  reboot: '@hourly',
  six: 'remove the seconds',
  startd: 'no key "start"',
  tz: 'write { cron: "0 6 * * *", timezone: Europe/Rome }',
  tz2: 'Europe/Rome',
  tz5: 'Europe/Rome',
  tz6: 'Europe/Rome',
  unquoted: 'put it in quotes: "*/5 * * * *"',
  wrap: '22-23,0-2',
  wrapd: 'fri-6,0-mon',
};

describe('validate of flows of public bug reports', () => {
  for (const [path, expected] of Object.entries(SAID)) {
    it(path, async () => {
      const [name = '', file = ''] = path.split('/');
      const { diagnostics } = await validateFlow(caseFile(name, file));
      const said = diagnostics.map(({ range: { start }, code, message, hint = '' }, index) => {
        const wanted = expected[index]?.replace(/^\S+ \S+: /, '');
        const words = wanted !== undefined && `${message}; ${hint}`.includes(wanted) ? wanted : `${message}; ${hint}`;
        return `${start.line}:${start.column} ${code}: ${words}`;
      });
      assert.deepEqual(said, expected);
    });
  }

  for (const file of readdirSync(`${CASES}/wf_schedules`).filter((name) => name.endsWith('.yaml'))) {
    const words = SCHEDULES[file.replace('.yaml', '')];
    it(`wf_schedules/${file} is ${words === undefined ? 'taken' : 'refused'}`, async () => {
      const { diagnostics } = await validateFlow(caseFile('wf_schedules', file));
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      if (words === undefined) assert.deepEqual(errors, []);
      else assert.ok(`${errors[0]?.message}; ${errors[0]?.hint}`.includes(words), JSON.stringify(errors[0]));
    });
  }
});
