import type { Document, Node } from 'yaml';
import { isMap, isScalar } from 'yaml';
import { withRoundedNumbers } from '../base/json.ts';
import { suggest } from '../base/suggest.ts';
import type { Diagnostics } from '../language/diagnostics/report.ts';
import type { Located, Span } from '../language/model/flow.ts';
import { isArtifactName } from '../language/model/reserved-names.ts';
import type { Entry } from '../language/syntax/nodes.ts';
import { entriesOf, itemsOf, spanOf, textOf, toValue, valueAt } from '../language/syntax/nodes.ts';
import { parse } from '../language/syntax/parse.ts';
import {
  reportSchemaErrors,
  type SchemaError,
  type SchemaPlace,
  type Validator,
} from '../language/syntax/schema-errors.ts';
import type { ExpectedArtifact, ExpectedStatus, Mock, Named, PathStep, TestCase, TestFile } from './test-file.ts';
import { testFile } from './test-validators.generated.ts';

const validate = testFile as unknown as Validator;

/**
 * Parses the text of a test file into a typed test file. Errors go to the report.
 *
 * @returns undefined if it is not a mapping, otherwise what could be read
 */
export function readTestFile(report: Diagnostics): TestFile | undefined {
  const document = parse(report);
  if (!document) return undefined;
  const root = document.contents as Node | null;
  if (!isMap(root)) {
    const hint = 'start with "cases:"';
    report.error('not-a-test', root ? spanOf(root) : [0, 0], 'a test file must be a mapping with the key cases', hint);
    return undefined;
  }
  if (!validate(withRoundedNumbers(toValue(document, root)))) {
    // For alternatives of `each`, errors of the mock are reported, not that it could be null.
    const errors = (validate.errors ?? []).filter(({ schemaPath }) => !/\/anyOf(\/1\/type)?$/.test(schemaPath));
    reportSchemaErrors(errors, root, document, report, {
      root: 'a test file',
      file: 'a test file',
      tell: (error, place) => tell(error, place, report),
    });
  }
  return { source: report.source, ...new Reader(document, report).file(root) };
}

/** Errors with messages specific to test files. */
function tell(
  { keyword, data, params, parentSchema }: SchemaError,
  { span, key, entries }: SchemaPlace,
  report: Diagnostics,
): boolean {
  if (keyword === 'pattern') {
    const hint = 'write the name of a step, with its number of tasks if there are several: shout, or shout x3';
    report.error('bad-path', span, `invalid step "${data}" in a path`, hint);
    return true;
  }
  if (keyword === 'minItems' && key === 'cases') {
    report.error('no-cases', span, '"cases" is empty', 'add a case: "- name: what it tests"');
    return true;
  }
  const name = params.additionalProperty as string;
  if (keyword !== 'additionalProperties' || parentSchema.title !== 'mock') return false;
  if (suggest(name, Object.keys(parentSchema.properties ?? {})) !== undefined) return false;
  const at = entries.find((entry) => entry.key === name)?.keySpan ?? span;
  const hint = `to set an artifact, write "set: { ${name}: … }"`;
  report.error('unknown-key', at, `a mock has no key "${name}"`, hint);
  return true;
}

function isResult(key: string): key is 'set' | 'run' | 'returns' {
  return key === 'set' || key === 'run' || key === 'returns';
}

/** `shout` or `shout x3`; the schema rejects anything else. */
const PATH_STEP = /^(\w+)(?: x(\d+))?$/;

const MOCK_HINT = 'add set, run, returns, error, timeout or each';

class Reader {
  readonly #document: Document.Parsed;
  readonly #report: Diagnostics;

  constructor(document: Document.Parsed, report: Diagnostics) {
    this.#document = document;
    this.#report = report;
  }

  file(root: Node): Omit<TestFile, 'source'> {
    const flow = this.#text(this.#at(root, 'flow'));
    const cases = itemsOf(this.#document, this.#at(root, 'cases')).flatMap((node) => this.#case(node) ?? []);
    const seen = new Set<string>();
    for (const { name } of cases) {
      if (seen.has(name.value)) {
        const hint = 'choose a different name';
        this.#report.error('duplicate-case', name.span, `duplicate case name "${name.value}"`, hint);
      }
      seen.add(name.value);
    }
    return { ...(flow && { flow }), cases };
  }

  #case(node: Node): TestCase | undefined {
    const name = this.#text(this.#at(node, 'name'));
    if (!name) return undefined;
    const platform = this.#at(node, 'platform');
    const mock = this.#entries(node).find(({ key }) => key === 'mock');
    const mocks = this.#entries(mock?.node).map((entry) => this.#mock(entry));
    const isOnPlatform = isScalar(platform) && platform.value === true;
    if (isOnPlatform && mock && mocks.length > 0) {
      const hint = 'remove "platform" to run the case in the simulation, or remove the mocks to run it on the platform';
      this.#report.error('mock-on-platform', mock.keySpan, 'steps cannot be mocked on the platform', hint);
    }
    return {
      name,
      parameters: this.#named(this.#at(node, 'parameters')),
      secrets: this.#named(this.#at(node, 'secrets')),
      mocks,
      platform: isOnPlatform,
      expect: this.#expectation(this.#at(node, 'expect'), name.span),
    };
  }

  #mock({ key, keySpan, node }: Entry): Mock {
    const each = this.#at(node, 'each');
    const eachItems = itemsOf(this.#document, each);
    const all = [node, ...eachItems];
    this.#checkMock(node, keySpan);
    for (const item of eachItems) {
      this.#checkMock(item, keySpan);
      const nested = this.#entries(item).find((entry) => entry.key === 'each');
      if (nested) this.#report.error('nested-each', nested.keySpan, '"each" cannot contain another "each"');
    }
    return {
      step: { value: key, span: keySpan },
      value: toValue(this.#document, node) as Record<string, unknown>,
      sets: all.flatMap((mock) => this.#named(this.#at(mock, 'set')).map(({ name }) => name)),
      results: all.flatMap((mock) =>
        this.#entries(mock).flatMap(({ key, keySpan }) => (isResult(key) ? [{ value: key, span: keySpan }] : [])),
      ),
      ...(each && { each: { value: eachItems.length, span: spanOf(each) } }),
    };
  }

  /** Which keys can be combined; checked here instead of in the schema for better messages. */
  #checkMock(node: Node | undefined, keySpan: Span): void {
    const entries = this.#entries(node);
    const find = (...keys: string[]) => entries.filter(({ key }) => keys.includes(key));
    const [failure, otherFailure] = find('error', 'timeout');
    const [result, otherResult] = find('set', 'run', 'returns');
    const [each] = find('each');
    const [times] = find('times');
    const [message] = find('message');
    const other = otherFailure ?? otherResult ?? (each && entries.find(({ key }) => key !== 'each'));
    if (other) {
      const first = entries.find((entry) => entry !== other) as Entry;
      const text = `a mock can do only one thing: "${first.key}" or "${other.key}"`;
      this.#report.error('two-mocks', other.keySpan, text, 'remove one of them');
    } else if (failure && result && !times) {
      const hint = `limit the failing attempts: "times: 1"`;
      this.#report.error('never-reached', result.keySpan, `"${result.key}" has no effect: all attempts fail`, hint);
    } else if (times && !failure) {
      this.#report.error('nothing-fails', times.keySpan, '"times" needs "error" or "timeout"', MOCK_HINT);
    } else if (message && failure?.key !== 'error') {
      this.#report.error('nothing-fails', message.keySpan, '"message" needs "error"', MOCK_HINT);
    } else if (isMap(node) && entries.length === 0) {
      this.#report.error('empty-mock', keySpan, 'this mock does nothing', MOCK_HINT);
    }
    for (const { name } of this.#named(this.#at(node, 'set'))) this.#checkArtifactName(name);
  }

  #expectation(node: Node | undefined, caseSpan: Span): TestCase['expect'] {
    const error = this.#text(this.#at(node, 'error'));
    const status = this.#text(this.#at(node, 'status')) as Located<ExpectedStatus> | undefined;
    if (error && status?.value === 'succeeded') {
      const message = 'a run that succeeds cannot have an error';
      this.#report.error('contradiction', status.span, message, 'remove one of them');
    }
    const path = this.#at(node, 'path');
    return {
      status: status ?? { value: error ? 'failed' : 'succeeded', span: error?.span ?? caseSpan },
      ...(path && { path: { steps: this.#pathSteps(path), span: spanOf(path) } }),
      attempts: this.#named(this.#at(node, 'attempts')).map(({ name, value }) => ({
        step: name,
        count: Number(value),
      })),
      artifacts: this.#entries(this.#at(node, 'artifacts')).flatMap((entry) => this.#artifact(entry) ?? []),
      ...(error && { error }),
    };
  }

  #pathSteps(path: Node): PathStep[] {
    return itemsOf(this.#document, path).flatMap((item) => {
      const [, name, tasks = '1'] = PATH_STEP.exec(textOf(item) ?? '') ?? [];
      return name === undefined ? [] : [{ step: { value: name, span: spanOf(item) }, tasks: Number(tasks) }];
    });
  }

  #artifact({ key, keySpan, node }: Entry): ExpectedArtifact | undefined {
    const [name = '', step, ...rest] = key.split('.').reverse();
    const value = toValue(this.#document, node);
    if (rest.length > 0) {
      const hint = 'write artifact or step.artifact; put its contents into the value';
      this.#report.error('bad-artifact', keySpan, `invalid artifact "${key}"`, hint);
      return undefined;
    }
    this.#checkArtifactName({ value: name, span: keySpan });
    return { ...(step !== undefined && { step }), name, value, span: keySpan };
  }

  #checkArtifactName({ value, span }: Located<string>): void {
    if (isArtifactName(value)) return;
    const hint = 'use the syntax of Python variable names';
    this.#report.error('bad-artifact-name', span, `invalid artifact name "${value}"`, hint);
  }

  #named(node: Node | undefined): Named[] {
    return this.#entries(node).map(({ key, keySpan, node: value }) => ({
      name: { value: key, span: keySpan },
      value: toValue(this.#document, value),
    }));
  }

  #text(node: Node | undefined): Located<string> | undefined {
    const value = textOf(node);
    return value === undefined ? undefined : { value, span: spanOf(node as Node) };
  }

  #at(node: Node | undefined, key: string): Node | undefined {
    return valueAt(this.#document, node, key);
  }

  #entries(node: Node | undefined): Entry[] {
    return entriesOf(this.#document, node);
  }
}
