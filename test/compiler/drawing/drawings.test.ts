import assert from 'node:assert/strict';
import stringWidth from 'fast-string-width';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { drawMermaid } from '../../../src/compiler/drawing/mermaid.ts';
import type { Picture } from '../../../src/compiler/drawing/picture.ts';
import { drawSvg } from '../../../src/compiler/drawing/svg.ts';
import { drawTerminal } from '../../../src/compiler/drawing/terminal-graph.ts';
import { line, NESTED, ODD, pictured, TITLES, WHOLE } from './flows.ts';

const terminal = (picture: Picture, columns = 100) => drawTerminal(picture, columns, plainPalette);

/** As many branches of one step each. */
function wide(count: number): Picture {
  const branches = Array.from({ length: count }, (_, index) => `      b${index}: [{ step: fit_${index}, run: pass }]`);
  return pictured(['flow: WideFlow', 'steps:', '  - branches:', ...branches].join('\n'));
}

const NASTY = pictured(`flow: NastyFlow
steps:
  - branches:
      "a<b>&\\"c\\"\\e[31m#x\\\\": [{ step: one, run: pass }]
      "数据 🚀": [{ step: two, run: pass }]
`);

describe('a flow drawn in the terminal', () => {
  it('draws forks as boxes, marks joins, and shows resources only if they differ', () => {
    assert.equal(
      terminal(TITLES),
      [
        'TitlesFlow · 3 steps · each 512 MB, 2m',
        '',
        '○ start',
        '├─ foreach title in titles · 3 at once ─╮',
        '│  ○ shout (1 GB)                       │',
        '├───────────────────────────────────────╯',
        '◆ collect',
      ].join('\n'),
    );
  });

  it('has branches side by side, and forks in forks', () => {
    assert.equal(
      terminal(NESTED),
      [
        'NestedFlow · 4 steps · each 256 MB, 1m',
        '',
        '╭─ 2 branches · 1 at once ──────────────────────╮',
        '│  [low]                              │ [up]    │',
        '│  ○ lower                            │ ○ upper │',
        '│  ├─ foreach numbers · 10 at once ─╮ │         │',
        '│  │  ○ spell (90s)                 │ │         │',
        '│  ├────────────────────────────────╯ │         │',
        '│  ◇ merge artifacts                  │         │',
        '├───────────────────────────────────────────────╯',
        '◆ both',
      ].join('\n'),
    );
  });

  it('draws loops with the way back, cases side by side, and onFailure separately', () => {
    assert.equal(
      terminal(WHOLE),
      [
        'WholeFlow · 10 steps · each 256 MB, 1m · a run 2h',
        '',
        '○ start',
        '├─ foreach n in range(10) · 10 at once · batches of 5 · skipped if empty · 80% must succeed ─╮',
        '│  ○ count (retry 2× on ValueError, timeout)                                                 │',
        '├────────────────────────────────────────────────────────────────────────────────────────────╯',
        '◆ collect a, b',
        '├─ switch best · others fail ───────────────────────────────────────╮',
        '│  [linear] ┊ [forest]                                     ┊ [none] │',
        '│  ○ look   ┊ ╭─ while self.depth > 3 · at most 7 turns ─╮ ┊ ↓      │',
        '│           ┊ │  ╭▸ ○ prune                              │ ┊        │',
        '│           ┊ │  ╰─ ○ measure                            │ ┊        │',
        '│           ┊ ╰──────────────────────────────────────────╯ ┊        │',
        '├───────────────────────────────────────────────────────────────────╯',
        '├─ repeat ─────────────────────────────╮',
        '│  ↻  ○ fetch                          │',
        '├─ until self.page is None · no limit ─╯',
        '▷ notify (/whisk.system/utils/echo, catch problem)',
        '▣ train (flow TrainFlow, not waited for)',
        '',
        '╭─ when the run fails ─╮',
        '│  ○ tell              │',
        '╰──────────────────────╯',
      ].join('\n'),
    );
  });

  it('is as wide as the terminal, or less', () => {
    for (const picture of [line(300), wide(60), ODD, WHOLE]) {
      for (const columns of [60, 100, 200]) {
        const lines = terminal(picture, columns).split('\n');
        assert.ok(Math.max(...lines.map((line) => stringWidth(line))) <= columns);
      }
    }
    assert.ok(terminal(NESTED, 45).includes('╌'), 'branches lie below each other where there is no room');
  });

  it('draws one step per line if there are few, and fits many on a few screens', () => {
    assert.equal(terminal(line(30)).split('\n').length, 32);
    const many = terminal(line(300)).split('\n');
    assert.ok(many.length < 60);
    assert.match(many[2] ?? '', /^○ step_1 → step_2 → .* →$/);
    assert.match(many[3] ?? '', /^│ step_\d+ → /);
    for (let step = 1; step <= 300; step += 1) assert.match(many.join('\n'), new RegExp(`\\bstep_${step}\\b`));
  });

  it('aligns boxes with wide characters and escapes control characters', () => {
    const lines = terminal(NASTY).split('\n');
    const [top, ...rows] = lines.slice(2, 6);
    for (const row of rows) assert.equal(stringWidth(row), stringWidth(top ?? ''), row);
    assert.ok(!lines.join().includes('\u001b'));
  });
});

describe('a flow as a Mermaid flowchart', () => {
  it('has a node a step, a subgraph a fork, and arrows', () => {
    assert.equal(
      drawMermaid(TITLES),
      [
        '---',
        'title: "TitlesFlow · 3 steps · each 512 MB, 2m"',
        '---',
        'flowchart TD',
        '  n1["start"]',
        '  subgraph c1["foreach title in titles · 3 at once"]',
        '    n2["shout · 1 GB"]',
        '  end',
        '  n3{{"collect"}}',
        '  n2 --> n3',
        '  n1 --> n2',
      ].join('\n'),
    );
  });

  it('forks to every branch and joins them all', () => {
    const text = drawMermaid(
      pictured(`flow: F
steps:
  - { step: one, run: pass }
  - branches:
      a: [{ step: two, run: pass }]
      b: [{ step: three, run: pass }]
  - { step: four, run: pass }
`),
    );
    assert.match(text, /n1\["one"\]/);
    assert.match(text, /n1 --> n2 & n3$/m);
    assert.match(text, /n2 --> n4$/m);
    assert.match(text, /n3 --> n4$/m);
    assert.match(text, /n4\("merge artifacts"\)/);
    assert.match(text, /n4 --> n5$/m);
  });

  it('draws decisions as labelled diamonds, with shapes for actions and flows', () => {
    const text = drawMermaid(WHOLE);
    const node = (words: string) => new RegExp(`(n\\d+)\\S+"${words}`).exec(text)?.[1] as string;
    const [decision, loop] = [node('switch best'), node('while ')];
    assert.ok(text.includes(`${decision}{"switch best · others fail"}`));
    assert.ok(text.includes(`${decision} -->|"linear"| ${node('look')}`));
    assert.ok(text.includes(`${decision} -->|"none"| ${node('fetch')}`), 'an empty case leads past');
    assert.ok(text.includes(`${loop} -->|"turn"| ${node('prune')}`));
    assert.ok(text.includes(`${node('measure')} --> ${loop}`), 'the way back');
    assert.ok(text.includes(`${node('fetch')} --> ${node('until')}`));
    assert.ok(text.includes(`${node('until')} -->|"turn"| ${node('fetch')}`));
    assert.ok(text.includes(`${node('until')} -->|"done"| ${node('notify')}`));
    assert.match(text, /\[\/"notify · [^"]*"\/\]\n/);
    assert.match(text, /\[\["train · [^"]*"\]\]\n/);
    assert.match(text, /subgraph c\d+\["when the run fails"\]\n {4}n\d+\["tell"\]\n {2}end$/m);
  });

  it('leads all outcomes of a final decision to an end, each with a label', () => {
    const text = drawMermaid(
      pictured("flow: F\nsteps:\n  - switch: x\n    cases: { a: [{ step: one, run: pass }], '': [] }\n"),
    );
    assert.match(text, /n3\(\["end"\]\)/);
    assert.match(text, /n2 --> n3$/m);
    assert.match(text, /n1 -->\|"#34;#34;"\| n3$/m);
  });

  it('writes what Mermaid would take for its own as entities', () => {
    assert.match(drawMermaid(ODD), /-->\|"a#124;b #34;c#34; #60;d#62; #35;e"\|/);
    assert.match(drawMermaid(NASTY), /\["a#60;b#62;#38;#34;c#34;\ufffd\[31m#35;x#92;"\]/);
  });
});

describe('a flow as SVG', () => {
  const sizeOf = (svg: string): [number, number] => {
    const [, width, height] = /^<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    return [Number(width), Number(height)];
  };

  interface Rectangle {
    kind: string;
    left: number;
    top: number;
    right: number;
    bottom: number;
  }

  function rectangles(svg: string): Rectangle[] {
    return [...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(
      ([, kind = '', x, y, width, height]) => ({
        kind,
        left: Number(x),
        top: Number(y),
        right: Number(x) + Number(width),
        bottom: Number(y) + Number(height),
      }),
    );
  }

  /** Lengths are rounded to tenths. */
  const ROUNDING = 0.2;
  const isApart = (a: Rectangle, b: Rectangle) =>
    a.right <= b.left + ROUNDING ||
    b.right <= a.left + ROUNDING ||
    a.bottom <= b.top + ROUNDING ||
    b.bottom <= a.top + ROUNDING;

  it('is well-formed, self-contained and always the same', () => {
    for (const picture of [TITLES, NESTED, NASTY, WHOLE, ODD, line(3), line(300), wide(60)]) {
      const svg = drawSvg(picture);
      assert.equal(svg, drawSvg(structuredClone(picture)));
      const open: string[] = [];
      for (const [, close, name = '', self] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
        if (close) assert.equal(open.pop(), name);
        else if (!self) open.push(name);
      }
      assert.deepEqual(open, []);
      assert.doesNotMatch(svg, /NaN|Infinity|undefined|href|url\((?!#)/);
      assert.doesNotMatch(svg.replace(/<[^<>]*>/g, ''), /[<]|&(?!#\d+;)/);
    }
  });

  it('has steps that do not overlap, each within the picture', () => {
    for (const picture of [NESTED, WHOLE, ODD, line(30), line(300), wide(60)]) {
      const svg = drawSvg(picture);
      const [width, height] = sizeOf(svg);
      const steps = rectangles(svg).filter(({ kind }) => ['step', 'join', 'merge'].includes(kind));
      assert.ok(steps.length >= 3);
      steps.forEach((step, index) => {
        assert.ok(step.left >= 0 && step.top >= 0 && step.right <= width && step.bottom <= height);
        for (const other of steps.slice(index + 1)) assert.ok(isApart(step, other), JSON.stringify([step, other]));
      });
    }
  });

  it('has a reasonable aspect ratio', () => {
    const [width, height] = sizeOf(drawSvg(line(300)));
    assert.ok(width / height > 0.7 && width / height < 2.5, `${width} by ${height}`);
    const [narrow, tall] = sizeOf(drawSvg(line(3)));
    assert.ok(narrow < 400 && tall < 300);
  });

  it('has a diamond for a switch, a way back for a loop, shapes for actions and flows, a box for a failure', () => {
    const svg = drawSvg(WHOLE);
    const shapes = (kind: string) => svg.match(new RegExp(`<(rect|path) class="${kind}"`, 'g'))?.length;
    assert.deepEqual(['diamond', 'case', 'loop', 'action', 'flow', 'failure'].map(shapes), [1, 3, 2, 1, 1, 1]);
    // A line that goes down, aside, up and back to the head.
    assert.equal(svg.match(/d="M[\d. ]+v[\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+"/g)?.length, 2);
  });

  it('has an arrow from each step to the next', () => {
    assert.equal(drawSvg(line(300)).match(/class="edge"/g)?.length, 299);
    assert.equal(drawSvg(TITLES).match(/class="edge"/g)?.length, 2);
  });
});
