/** The package that a requirement asks for, as indexes compare names (PEP 503): `scikit-learn` of `Scikit_Learn[x]==1.5`. */
export function distributionOf(requirement: string): string {
  const [name = ''] = requirement.trim().split(/[\s[=<>!~;]/);
  return name.toLowerCase().replace(/[._-]+/g, '-');
}
