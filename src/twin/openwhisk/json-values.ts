import { type ExactNumber, parseJson, WholeFloat } from '../../base/json.ts';

/**
 * JSON as OpenWhisk's controller reads it. Its numbers are Scala's `BigDecimal`, so the controller changes none; only
 * the Node of a container does.
 */
export type Json = null | boolean | ExactNumber | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WholeFloat);
}

/** Maximum nesting: spray-json's JsonParserSettings.scala, `maxDepth`. Writing JSON recurses as deep as its nesting. */
const MAX_DEPTH = 1000;

/** Parses a request's body or a container's answer. @throws SyntaxError also if the nesting is too deep */
export function parseBoundedJson(text: string): Json {
  if (isTooDeep(text)) throw new SyntaxError(`JSON nested more than ${MAX_DEPTH} levels deep`);
  return parseJson(text) as Json;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else inString = char !== '"';
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
