import { createHash } from 'node:crypto';
import { zipFiles } from '../../../src/base/zip.ts';
import { TLS } from '../../../src/compiler/composition.ts';
import type { Bundle } from '../../../src/contract/manifest.ts';

const encode = (text: string) => new TextEncoder().encode(text);

/** A small bundle with two profiles, as the compiler would make it. */
export function sampleBundle(
  options: {
    flow?: string;
    code?: string;
    version?: string;
    secrets?: string[];
    image?: string;
    isSequence?: true;
  } = {},
): Bundle {
  const { flow = 'TitlesFlow', code = 'x = 1', version = '1a2b3c4d', secrets, image, isSequence } = options;
  const files = new Map([
    ['conductor.js', encode(`function main() { /* invokes m256-t60-${version}, tls: ${TLS} */ }`)],
    ['wait.js', encode('function main() { /* wait */ }')],
    ['step.zip', zipFiles(new Map([['__main__.py', encode(code)]]))],
  ]);
  const limits = { memoryMB: 256, timeLimitMs: 60_000 };
  const step = (profile: string) => ({
    block: 'b',
    profile,
    timeoutMs: 1000,
    within: [],
    next: { end: true as const },
  });
  return {
    files,
    manifest: {
      version: 1,
      flow,
      compiler: '0',
      hash: createHash('sha256').update(code).digest('hex'),
      package: `${flow}.steps`,
      flowVersion: version,
      ...(isSequence && { sequence: [`${flow}.steps/m256-t60-${version}`, `${flow}.steps/m1024-t600-${version}`] }),
      conductor: { name: flow, versioned: `flow-${version}`, kind: 'nodejs:20', file: 'conductor.js', ...limits },
      wait: { name: 'wait', kind: 'nodejs:20', file: 'wait.js', memoryMB: 128, timeLimitMs: 60_000 },
      steps: [
        { name: `m256-t60-${version}`, profile: 'm256-t60', kind: 'python:3', file: 'step.zip', ...limits },
        {
          name: `m1024-t600-${version}`,
          profile: 'm1024-t600',
          kind: 'python:3',
          ...(image && { image }),
          file: 'step.zip',
          memoryMB: 1024,
          timeLimitMs: 600_000,
        },
      ],
      files: {},
    },
    plan: {
      version: 1,
      hash: version.padEnd(64, '0'),
      flow,
      tags: [],
      start: 'start',
      end: 'fit',
      parameters: {},
      outputs: [],
      steps: { start: step('m256-t60'), fit: { ...step('m1024-t600'), ...(secrets && { secrets }) } },
      pools: {},
      loops: {},
      profiles: {
        'm256-t60': limits,
        'm1024-t600': { memoryMB: 1024, timeLimitMs: 600_000 },
      },
      source: { name: 'titles.yaml', file: 'titles.yaml' },
      sourceMap: {},
    },
  };
}
