/** The session shown in the README, copied from real output, with the colours of a terminal. */
export const TRANSCRIPT = `{green:$} {bold:nuvopipe validate examples/titles/flow.yaml}
{bold:examples/titles/flow.yaml:19:5:} {red:error[unknown-key]}{bold:: a foreach has no key "concurency"}
  {dim:19 |}     concurency: 3
  {dim:   |}     {red:^^^^^^^^^^}
  {cyan:hint}: did you mean "concurrency"?

1 error

{green:$} {bold:nuvopipe run examples/titles/flow.yaml -p prefix=Tonight}
Deployed TitlesFlow: 5 created
Run TitlesFlow/20261128072325-19413561
{green:✓} start  289 ms
{green:✓} shout 9/9  381 ms
{green:✓} collect  67 ms
{green:✓} end  22 ms
shouted = [
  "Tonight: STRANGER THINGS!",
  "Tonight: HOUSE OF CARDS!",
  "Tonight: NARCOS!",
  …
]
{green:✓} TitlesFlow/20261128072325-19413561 succeeded
`;
