import levenshtein from 'damerau-levenshtein';

/** Shorter names are too similar to each other to suggest one for another. */
const SHORTEST_MISTYPED = 3;

/** The candidate that `word` most likely means, if one is close enough. */
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

/** The same as a hint. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = suggest(word, candidates);
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

/** Insertions, deletions, substitutions and transpositions that a typo can have. */
function limitOf(word: string): number {
  return word.length < SHORTEST_MISTYPED - 1 ? 0 : Math.max(1, Math.floor(word.length / 3));
}
