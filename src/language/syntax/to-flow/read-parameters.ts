import type { Node } from 'yaml';
import type { ParameterType } from '../../../contract/plan.ts';
import type { Parameter } from '../../model/flow.ts';
import { PARAMETER_TYPE_NAMES } from '../../model/parameters.ts';
import type { Entry } from '../nodes.ts';
import { spanOf, textOf } from '../nodes.ts';
import type { Reading } from './reading.ts';
import { notJsonIn, warnOfLeadingZeros } from './scalars.ts';

/** One entry of `parameters`. If its type is invalid, which the schema reports, any value is accepted. */
export function readParameter(reading: Reading, { key, keySpan, node }: Entry): Parameter {
  const type = typeOf(textOf(reading.at(node, 'type'))) ?? 'json';
  const fallback = reading.at(node, 'default');
  const help = textOf(reading.at(node, 'help'));
  const choices = reading.at(node, 'enum');
  const min = reading.exactNumber(reading.at(node, 'min'));
  const max = reading.exactNumber(reading.at(node, 'max'));
  const pattern = reading.text(reading.at(node, 'pattern'));
  if (type === 'json' || type === 'integer' || type === 'number') {
    warnOfLeadingZeros(reading, fallback, type !== 'json');
  }
  const notJson = type === 'json' ? notJsonIn(reading, fallback) : undefined;
  return {
    name: { value: key, span: keySpan },
    type,
    required: reading.flag(reading.at(node, 'required')),
    ...(fallback && { default: { ...reading.located(fallback), ...(notJson && { notJson }) } }),
    ...(help !== undefined && { help }),
    ...(choices && {
      enum: { value: reading.items(choices).map((item) => reading.located(item)), span: spanOf(choices) },
    }),
    ...(min && { min }),
    ...(max && { max }),
    ...(pattern && { pattern }),
    ...(reading.flag(reading.at(node, 'binary')) && { binary: reading.headOf(node as Node, 'binary') }),
  };
}

function typeOf(text: string | undefined): ParameterType | undefined {
  return text !== undefined && Object.hasOwn(PARAMETER_TYPE_NAMES, text) ? (text as ParameterType) : undefined;
}
