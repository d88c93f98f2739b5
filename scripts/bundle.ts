/**
 * Writes `dist`: the API and each command a module, and in chunks beside them what they share, dependencies included. Unbundled,
 * `nuvopipe validate` would find and read more than two hundred files before it begins, which takes a fifth of its time.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { glob } from 'tinyglobby';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Large, and few commands load them; oclif looks for TypeScript where it runs from sources. */
const NOT_BUNDLED = ['@aws-sdk/*', 'openwhisk', 'openwhisk-composer', 'typescript'];

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    'src/index.ts',
    'src/cli/main.ts',
    'src/cli/command-not-found.ts',
    'src/twin/host/daemon.ts',
    ...(await glob('src/cli/commands/**/*.ts', { cwd: root })),
  ],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  external: NOT_BUNDLED,
  // For dependencies that are CommonJS.
  banner: {
    js: "import{createRequire as bundledRequire}from'node:module';const require=bundledRequire(import.meta.url);",
  },
  metafile: true,
});

/** Chunks are named by their content: those of earlier builds would stay. */
const stale = (await glob('dist/**/*.js', { cwd: root })).filter((file) => !(file in metafile.outputs));
await Promise.all(stale.map((file) => rm(join(root, file))));

/** Their licences want to go where they go. */
const packages = Object.keys(metafile.inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
const licences = await Promise.all(
  [...new Set(packages)].toSorted().map(async (folder) => {
    const [file] = await glob('licen[cs]e*', { cwd: join(root, folder), caseSensitiveMatch: false });
    const text = file === undefined ? 'see its package.json' : await readFile(join(root, folder, file), 'utf8');
    return `${folder.replace(/^.*node_modules\//, '')}\n\n${text.trim()}\n`;
  }),
);
await writeFile(join(root, 'dist', 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
