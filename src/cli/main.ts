import { startInspectorEarly } from '../language/python/inspector.ts';

/** Commands that read a flow file and inspect its Python. */
const READ_FLOWS = ['validate', 'compile', 'graph', 'explain'];

/** Runs nuvopipe. Python is started first if the command needs it, and everything else is loaded in parallel. */
export async function main(argv: string[], root: string): Promise<void> {
  const inspector = READ_FLOWS.includes(argv[0] ?? '') ? startInspectorEarly() : undefined;
  try {
    const { runCommand } = await import('./run-command.ts');
    await runCommand(argv, root);
  } finally {
    inspector?.close();
  }
}
