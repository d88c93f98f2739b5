import levenshtein from 'damerau-levenshtein';

/** Names of one or two letters are too like each other for one to be a slip of another. */
const SHORTEST_MISTYPED = 3;

/** The candidate that `word` was most likely meant to be, if one is near enough. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = limitOf(word);
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    if (candidate.length < SHORTEST_MISTYPED && candidate.toLowerCase() !== word.toLowerCase()) continue;
    const distance = levenshtein(word.toLowerCase(), candidate.toLowerCase()).steps;
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The same as the hint of a diagnostic. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = suggest(word, candidates);
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that a slip may have. */
function limitOf(word: string): number {
  return word.length < SHORTEST_MISTYPED - 1 ? 0 : Math.max(1, Math.floor(word.length / 3));
}
