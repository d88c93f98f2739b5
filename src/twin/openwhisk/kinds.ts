/**
 * The action kinds of this platform and the programs that run them, named as in Apache OpenWhisk's standalone server.
 */
import type { Language } from '../containers/action-code.ts';

export interface RuntimeKind {
  readonly kind: string;
  readonly language: Language;
  /** Meaning of `nodejs:default` and `python:default`. */
  readonly default?: true;
  /** Accepted because clusters have them, but not advertised. */
  readonly unlisted?: true;
}

/** One local interpreter of each language stands for all its versions. */
export const KINDS: readonly RuntimeKind[] = [
  { kind: 'python:3.11', language: 'python', default: true },
  { kind: 'nodejs:18', language: 'node' },
  { kind: 'python:3.10', language: 'python' },
  { kind: 'nodejs:20', language: 'node', default: true },
  { kind: 'python:3', language: 'python', unlisted: true },
];

const FAMILIES: Readonly<Record<string, Language>> = { nodejs: 'node', python: 'python' };

/** In the order of OpenWhisk's error message for unknown kinds. */
export const VALID_KINDS: readonly string[] = [
  'python:3.11',
  'nodejs:18',
  'blackbox',
  'python:3.10',
  'sequence',
  'nodejs:20',
];

/** Resolves the name of a kind, including `…:default`. */
export function resolveKind(name: string): RuntimeKind | undefined {
  const [family = '', version] = name.split(':');
  if (version === 'default') return KINDS.find((each) => each.default && each.language === FAMILIES[family]);
  return KINDS.find((each) => each.kind === name);
}

/** Stands for all images that are not listed. */
export const ANY_IMAGE = '*';

/** The runtime of an action: that of its kind, or the substitute for its image. */
export function kindOf(
  exec: { readonly kind: string; readonly image?: string },
  images: Readonly<Record<string, string>>,
): RuntimeKind | undefined {
  const { kind, image } = exec;
  if (image === undefined) return resolveKind(kind);
  return resolveKind((Object.hasOwn(images, image) ? images[image] : images[ANY_IMAGE]) ?? '');
}

/** `runtimes` in the server's self-description. */
export function runtimesInformation(): Record<string, object[]> {
  return Object.fromEntries(
    Object.entries(FAMILIES).map(([family, language]) => [
      family,
      KINDS.filter((each) => each.language === language && !each.unlisted).map((each) => ({
        kind: each.kind,
        image: `openwhisk/action-${each.kind.replace(':', '-v')}:local`,
        default: each.default === true,
        deprecated: false,
        attached: true,
        requireMain: false,
      })),
    ]),
  );
}
