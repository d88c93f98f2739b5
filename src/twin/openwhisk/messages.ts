import { NOT_RESOLVED } from '../../contract/openwhisk.generated.ts';
import type { LimitRange } from './namespace-limits.ts';

/** OpenWhisk's messages, as clients see them: ErrorResponse.scala `Messages` and its HTTP library. */

export const RESOURCE_DOES_NOT_EXIST = 'The requested resource does not exist.';
export const RESOURCE_EXISTS = 'resource already exists';
export const CONFORMANCE = 'Resource by this name exists but is not in this collection.';
export const NAME_ILLEGAL = 'The name of the entity contains illegal characters.';
export const QUALIFIED_NAME_ILLEGAL =
  'The fully qualified name of the entity must contain at least the namespace and the name of the entity.';
export const ACTIVATION_ID_ILLEGAL = 'The activation id is not valid.';
export const PARAMETERS_NOT_ALLOWED = 'Request defines parameters that are not allowed (e.g., reserved properties).';
export const SEQUENCE_TOO_LONG = 'Too many actions in the sequence.';
export const SEQUENCE_EMPTY = 'No component specified for the sequence.';
export const SEQUENCE_CYCLIC = 'Sequence may not refer to itself.';
export const SEQUENCE_COMPONENT_NOT_FOUND = 'Sequence component does not exist.';
export const SEQUENCE_FAILED = 'Sequence failed.';
export const COMPOSITION_TOO_LONG = 'Too many actions in the composition.';
export const COMPOSITION_FAILED = 'Activation failure during composition.';
export const BINDING_DOES_NOT_EXIST = 'Binding references a package that does not exist.';
export const PACKAGE_CANNOT_BECOME_BINDING = 'Resource is a package and cannot be converted into a binding.';
export const BINDING_CANNOT_REFERENCE_BINDING = 'Cannot bind to another package binding.';
export const BINDING_NOT_VALID = 'Cannot bind to a resource that is not a package.';
export const NOT_ALLOWED_ON_BINDING = 'Operation not permitted on package binding.';
export const DOCS_NOT_ALLOWED_WITH_COUNT = "The parameter 'docs' is not permitted with 'count'.";
export const ABNORMAL_INITIALIZATION = 'The action did not initialize and exited unexpectedly.';
export const ABNORMAL_RUN = 'The action did not produce a valid response and exited unexpectedly.';
export const LOG_WARNING_DEVELOPER_ERROR =
  'The action did not initialize or run as expected. Log data might be missing.';
export const RULE_NEEDS_TRIGGER = 'Only rules with existing triggers can be activated';
export const RULE_INCOMPLETE = 'rule requires a valid trigger and a valid action';
export const FEED_NOT_VALID = 'Feed name is not valid';

export const INTERNAL_SERVER_ERROR = 'There was an internal server error.';
export const SERVICE_UNAVAILABLE =
  'The server is currently unavailable (because it is overloaded or down for maintenance).';
export const AUTHENTICATION_INVALID = 'The supplied authentication is invalid';
export const AUTHENTICATION_MISSING = 'The resource requires authentication, which was not supplied with the request';
export const ENTITY_EXPECTED = 'Request entity expected but not supplied';
export const CONTENT_TYPE_NOT_SUPPORTED = "The request's Content-Type is not supported. Expected:\napplication/json";
export const NOT_FOUND = 'The requested resource could not be found.';
export const TARGET_ILLEGAL = 'Illegal request-target';
export const OBJECT_EXPECTED = 'JSON object expected';

export const methodNotAllowed = (methods: readonly string[]) =>
  `HTTP method not allowed, supported methods: ${methods.join(', ')}`;
export const contentMalformed = (problem: string) => `The request content was malformed:\n${problem}`;
export const queryMalformed = (name: string, problem: string) =>
  `The query parameter '${name}' was malformed:\n${problem}`;
export const notBoolean = (value: string) => `'${value}' is not a valid Boolean value`;
export const notAuthorized = (name: string) => `The supplied authentication is not authorized to access '${name}'.`;
export const tooManyRequests = (count: number, allowed: number) =>
  `Too many requests in the last minute (count: ${count}, allowed: ${allowed}).`;
export const tooManyConcurrent = (count: number, allowed: number) =>
  `Too many concurrent requests in flight (count: ${count}, allowed: ${allowed}).`;
export const tooBig = (field: string, bytes: number, allowedBytes: number) =>
  `${field} larger than allowed: ${bytes} > ${allowedBytes} bytes.`;
export const invalidRuntime = (kind: string, kinds: readonly string[]) =>
  `The specified runtime '${kind}' is not supported by this platform. Valid values are: '${kinds.join("', '")}'.`;
export const invalidTimeout = (maxMs: number) => `Timeout must be number of milliseconds up to ${maxMs}.`;
export const notInteger = (value: string, min: number, max: number) =>
  `The value '${value}' is not an integer from ${min} to ${max}.`;
export const invalidValue = (value: string) => `The value '${value}' is not valid.`;
export const packageNameReserved = (name: string) => `Package name '${name}' is reserved.`;
export const packageNotEmpty = (count: number) =>
  `Package not empty (contains ${count} ${count === 1 ? 'entity' : 'entities'}). Set force param or delete package contents.`;
export const triggerDoesNotExist = (name: string) => `trigger /${name} does not exist`;
export const actionDoesNotExist = (name: string) => `action /${name} does not exist`;
export const inactiveRule = (rule: string, action: string) =>
  `Rule '${rule}' is inactive, action '${action}' was not activated.`;
export const ruleStateNotRecognized = (state: string) => `requirement failed: ${state} is not a recognized rule state`;

/** @param limit such as `memory size` @param unit with a leading space; empty if it has none */
export const limitOutOfRange = (limit: string, value: number, unit: string, { min, max }: LimitRange) => {
  const problem = value > max ? 'exceeds' : 'below';
  return `requirement failed: ${limit} ${value}${unit} ${problem} allowed threshold of ${value > max ? max : min}${unit}`;
};

export const componentInvalid = (value: string) =>
  `Failed to parse action name from json value ${value} during composition.`;
export const componentNotFound = (name: string) => `${NOT_RESOLVED} with name '${name}' during composition.`;
export const componentNotAccessible = (name: string) =>
  `Failed entitlement check for action with name '${name}' during composition.`;
export const compositionTimeout = (id: string) =>
  `Timeout reached when retrieving activation ${id} during composition.`;
export const sequenceTimeout = (id: string) =>
  `Timeout reached when retrieving activation ${id} for sequence component.`;
export const timedOut = (timeoutMs: number, init: boolean) =>
  `The action exceeded its time limits of ${timeoutMs} milliseconds${init ? ' during initialization.' : '.'}`;
export const imagePullFailed = (image: string) => `Failed to pull container image '${image}'.`;
export const invalidInitResponse = (body: string) =>
  `The action failed during initialization${body === '' ? '.' : `: ${body}`}`;
export const invalidRunResponse = (body: string) =>
  `The action did not produce a valid JSON or JSON Array response${body === '' ? '.' : `: ${body}`}`;
export const truncatedResponse = (beginning: string, bytes: number, maxBytes: number) =>
  `The action produced a response that exceeded the allowed length: ${bytes} > ${maxBytes} bytes. The truncated response was: ${beginning}`;
export const logsTruncated = (limitBytes: number) =>
  `Logs were truncated because the total bytes size exceeds the limit of ${limitBytes} bytes.`;
