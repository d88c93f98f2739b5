// @ts-check
/**
 * A program that embeds nuvopipe: it checks and compiles the flow beside it, starts the local platform, deploys the flow,
 * runs it, and prints its outputs and log. Run it with: node embed.mjs
 */
import { fileURLToPath } from 'node:url';
import { compile, deploy, formatDiagnostics, local, runs, startLocal, validate } from 'nuvopipe';

const file = fileURLToPath(new URL('flow.yaml', import.meta.url));

/** @type {import('nuvopipe').OnProgress} */
const onProgress = ({ kind, message }) => {
  if (kind === 'note') console.error(message);
};

const checked = await validate(file);
if (checked.diagnostics.length > 0) console.error(formatDiagnostics(checked));
if (!checked.valid) process.exit(2);

const { bundle } = await compile(file);
const platform = await startLocal({ onProgress });
try {
  await deploy(bundle, { to: platform, onProgress });
  const outcome = await runs.start(platform, bundle.manifest.flow, {
    parameters: { prices: [100, 50], rate: 0.1 },
    onStatus: ({ steps }) => console.error(`${steps.filter(({ succeeded }) => succeeded > 0).length} of 2 steps`),
  });
  console.log(outcome.status, JSON.stringify(outcome.outputs));
  for await (const { step, text } of runs.logs(platform, outcome)) console.log(`${step}: ${text}`);
} finally {
  if (platform.started) await local.stop();
}
