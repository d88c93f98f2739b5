/**
 * What the functions of a composition see. Each is stored as text and evaluated by composer's conductor, so it refers to its
 * parameters, to Node's globals and to the composition's variables, and to nothing else of its file.
 */
import type { Envelope as Carried } from '../../src/contract/formats.generated.ts';

declare global {
  /** The composition's variable: the envelope as it was before the component that runs. */
  var saved: Envelope;

  /** An envelope inside a session. Tests put their outcome into `value`; whatever comes next removes it. */
  type Envelope = Carried & { value?: boolean };

  type LaunchedSession = NonNullable<Carried['launch']>['sessions'][number];

  /** What a failed component answers: OpenWhisk's own errors are texts, those of actions are anything. */
  type ActionError = string | { error?: unknown; message?: string; name?: unknown };
}
