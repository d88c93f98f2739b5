import { FLOWSPEC_ATTRIBUTES, PYTHON_KEYWORDS } from '../../contract/protocol.generated.ts';

/** Whether Python accepts it as a name, and Metaflow as an artifact. */
export function isArtifactName(name: string): boolean {
  return /^\p{ID_Start}[\p{ID_Continue}]*$/u.test(name) && !PYTHON_KEYWORDS.has(name) && !FLOWSPEC_ATTRIBUTES.has(name);
}
