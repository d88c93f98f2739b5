import { startInspectorEarly } from '../language/python/inspector.ts';

/** Commands that read a flow file, and have its Python looked at. */
const READ_FLOWS = ['validate', 'compile', 'graph', 'explain'];

/** Runs nuvopipe. Everything else is loaded while Python starts, where the command wants it. */
export async function main(argv: string[], root: string): Promise<void> {
  const inspector = READ_FLOWS.includes(argv[0] ?? '') ? startInspectorEarly() : undefined;
  try {
    const { runCommand } = await import('./run-command.ts');
    await runCommand(argv, root);
  } finally {
    inspector?.close();
  }
}
