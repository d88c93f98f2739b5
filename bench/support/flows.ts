/** The flows that are measured. Their steps do next to nothing: what is left is what the engine costs. */

export const LINEAR_STEPS = 10;
export const FOREACH_ITEMS = 100;

/** So many steps, one after another, each with one new artifact. */
export function linear(flow: string, steps = LINEAR_STEPS): string {
  const body = Array.from({ length: steps }, (_, index) => `  - step: s${index}\n    run: self.x = ${index}\n`);
  return `flow: ${flow}\nsteps:\n${body.join('')}`;
}

/** A foreach whose items run this Python line, with the join that counts them. */
export function foreach(flow: string, concurrency: number, run = 'self.y = self.item + 1'): string {
  return `flow: ${flow}
parameters:
  items: { type: integer, default: ${FOREACH_ITEMS} }
outputs: [count]
steps:
  - step: make
    run: self.list = list(range(self.items))
  - foreach: list
    as: item
    concurrency: ${concurrency}
    steps:
      - step: work
        run: ${run}
    join:
      step: gather
      run: self.count = len(list(inputs))
`;
}
