import { formatDurationMs } from '../../model/duration.ts';
import type { Element, Flow, Resources, Step } from '../../model/flow.ts';
import { walkSteps } from '../../model/flow.ts';
import { formatSizeMB } from '../../model/size.ts';

/** A flow as it is drawn: what every format shows, in words that fit on a line. */
export interface Picture {
  flow: string;
  /** How many steps were written, and what each gets that does not say otherwise. */
  facts: string[];
  pieces: Piece[];
}

export type Piece = StepPiece | ForkPiece;

export interface StepPiece {
  kind: 'step';
  name: string;
  /** Where it differs from the flow's: memory, time limit. */
  facts: string[];
}

export interface ForkPiece {
  kind: 'foreach' | 'branches';
  /** `foreach title in titles`, `3 branches` */
  title: string;
  facts: string[];
  lanes: Lane[];
  /** Absent where artifacts are merged. */
  join?: StepPiece;
}

export interface Lane {
  /** Of a branch. */
  name?: string;
  pieces: Piece[];
}

/** What stands for a join that was left out. */
export const MERGE = 'merge artifacts';

/** A flow as it was written; steps that only the compiler needs are not in the picture. */
export function pictureOf(flow: Flow): Picture {
  const draw = (elements: readonly Element[]): Piece[] => elements.map(drawElement);
  const drawStep = ({ name, resources }: Step): StepPiece => ({
    kind: 'step',
    name: visible(name.value),
    facts: differences(resources, flow.resources),
  });

  function drawElement(element: Element): Piece {
    if (element.kind === 'step') return drawStep(element);
    const { kind, concurrency } = element;
    const join = element.join && { join: drawStep(element.join) };
    if (element.kind === 'foreach') {
      const { over, as, steps } = element;
      const title = as ? `foreach ${as.value} in ${over.value}` : `foreach ${over.value}`;
      return {
        kind,
        title: visible(title),
        facts: [`${concurrency} at once`],
        lanes: [{ pieces: draw(steps) }],
        ...join,
      };
    }
    const { branches } = element;
    return {
      kind,
      title: `${branches.length} branches`,
      facts: concurrency < branches.length ? [`${concurrency} at once`] : [],
      lanes: branches.map(({ name, steps }) => ({ name: visible(name.value), pieces: draw(steps) })),
      ...join,
    };
  }

  const steps = [...walkSteps(flow.steps)].length;
  const { memoryMB, timeoutMs } = flow.resources;
  return {
    flow: visible(flow.name.value),
    facts: [
      steps === 1 ? '1 step' : `${steps} steps`,
      `each ${formatSizeMB(memoryMB)}, ${formatDurationMs(timeoutMs)}`,
    ],
    pieces: draw(flow.steps),
  };
}

function differences({ memoryMB, timeoutMs }: Resources, usual: Resources): string[] {
  return [
    ...(memoryMB === usual.memoryMB ? [] : [formatSizeMB(memoryMB)]),
    ...(timeoutMs === usual.timeoutMs ? [] : [formatDurationMs(timeoutMs)]),
  ];
}

/** Control characters of a file reach neither a terminal nor a document. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
