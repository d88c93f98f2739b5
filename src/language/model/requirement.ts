/** The package of a requirement in normalised form (PEP 503): `scikit-learn` for `Scikit_Learn[x]==1.5`. */
export function distributionOf(requirement: string): string {
  const [name = ''] = requirement.trim().split(/[\s[=<>!~;]/);
  return name.toLowerCase().replace(/[._-]+/g, '-');
}
