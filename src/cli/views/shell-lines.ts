/** Variables of other accounts that AWS SDKs would combine with those of the local platform. */
const IN_THE_WAY = ['AWS_SESSION_TOKEN', 'AWS_PROFILE'];

/** Lines for `eval "$(…)"` in a POSIX shell. */
export function shellLines(environment: Record<string, string>): string[] {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [`unset ${IN_THE_WAY.join(' ')}`, ...exports];
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
