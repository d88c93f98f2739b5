import conductor from 'openwhisk-composer/conductor.js';

/** Composer's conductor, minified by terser: what follows the composition in a conductor action. */
export function conductorRuntime(): string {
  const { code } = conductor.generate({ name: '', composition: {}, ast: {}, version: '' }).action.exec;
  const marker = '// do not edit below this point';
  const runtime = code.slice(code.indexOf(marker) + marker.length).trim();
  return `// @ts-nocheck\n// Made by \`npm run generate\`; do not edit.\nexport default ${JSON.stringify(runtime)};\n`;
}
