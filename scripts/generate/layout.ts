import { type Constants, declareInPython, declareInTypeScript, NOTICE, readContract } from './constants.ts';
import { docComment, docstring, quoted } from './text.ts';

/** `schemas/layout.json`: the objects in the datastore. */
interface Layout {
  names: Constants;
  /** What may stand in the place of a placeholder; those with digits are numbers, padded to so many. */
  types: Readonly<Record<string, { digits?: number; doc: string }>>;
  prefixes: Templates;
  keys: Templates;
}

type Templates = Readonly<Record<string, { template: string; doc: string }>>;

interface Placeholder {
  name: string;
  digits: number | undefined;
}

/** A template, in pieces: texts and placeholders in turn, a text first and last. */
interface Parsed {
  texts: string[];
  placeholders: Placeholder[];
}

const TEMPLATES =
  'Keys by name, with the digits that a number has at least. Where a key fits two templates, the first one counts.';

const TITLE = "The objects in a datastore: builds and parses their keys, which are below the datastore's own root.";

export async function layoutInTypeScript(): Promise<string> {
  const layout = await readContract<Layout>('layout.json');
  const table = (name: string, doc: string, templates: Templates) => {
    const entries = Object.entries(templates).map(([key, { template, doc: about }]) => {
      const written = quoted(withDigits(layout, template));
      const parts = parse(layout, template).placeholders;
      const type = parts.map((part) => `${part.name}: ${part.digits ? 'number' : 'string'}`).join('; ');
      const value = parts.length === 0 ? written : `keyTemplate<{ ${type} }>(${written})`;
      return `${docComment(`\`${plain(template)}\`: ${about}`, '  ')}\n  ${key}: ${value},`;
    });
    return `${docComment(doc)}\nexport const ${name} = {\n${entries.join('\n')}\n} as const;`;
  };
  return `${[
    `// ${NOTICE}\n${docComment(`${TITLE} From \`schemas/layout.json\`.`)}`,
    "import { keyTemplate } from './key-template.ts';",
    ...declareInTypeScript(layout.names),
    table('prefixes', 'Prefixes of keys, for lists.', layout.prefixes),
    table('keys', 'Keys of objects. Where a key fits two templates, the first one counts.', layout.keys),
  ].join('\n\n')}\n`;
}

export async function layoutInPython(): Promise<string> {
  const layout = await readContract<Layout>('layout.json');
  const prefixes = Object.entries(layout.prefixes).map(([name, { template, doc }]) => ({
    name: `${snake(name)}_prefix`,
    template,
    doc,
  }));
  const keys = Object.entries(layout.keys).map(([name, { template, doc }]) => ({ name: snake(name), template, doc }));
  const isOfRun = ({ template }: { template: string }) => template.includes('{flow}') && template.includes('{run}');
  const isFixed = ({ template }: { template: string }) => !template.includes('{');
  const all = [...prefixes, ...keys.map((key) => (isOfRun(key) ? key : { ...key, name: `${key.name}_key` }))];
  const fixed = all
    .filter(isFixed)
    .map(({ name, template, doc }) => `${name.toUpperCase()}: Final = "${template}"\n${docstring(doc)}`);
  const functions = all.filter((each) => !isFixed(each) && !isOfRun(each)).map((each) => method(layout, each));
  const methods = all.filter(isOfRun).map((each) => method(layout, each, true));
  const templates = keys.map(({ name, template }) => `    "${name}": "${withDigits(layout, template)}",\n`);
  return `${[
    `# ${NOTICE}\n${docstring(`${TITLE} From \`schemas/layout.json\`.`)}`,
    'from typing import Final',
    ...declareInPython(layout.names),
    ...fixed,
    `TEMPLATES: Final = {\n${templates.join('')}}\n${docstring(TEMPLATES)}`,
  ].join('\n\n')}\n\n\n${[
    ...functions,
    [
      `class RunLayout:\n${docstring('Keys of the objects of one run.', '    ')}`,
      '    def __init__(self, flow: str, run: str) -> None:\n        self.flow = flow\n        self.run_id = run',
      ...methods,
    ].join('\n\n'),
  ].join('\n\n\n')}\n`;
}

/** A function that builds a key; a property where it takes nothing beside the run. */
function method(
  layout: Layout,
  { name, template, doc }: { name: string; template: string; doc: string },
  isOfRun = false,
): string {
  const { texts, placeholders } = parse(layout, template);
  const own = isOfRun ? placeholders.filter(({ name: part }) => part !== 'flow' && part !== 'run') : placeholders;
  const parameters = [
    ...(isOfRun ? ['self'] : []),
    ...own.map(({ name: part, digits }) => `${part}: ${digits ? 'int' : 'str'}`),
  ];
  const value = ({ name: part, digits = 1 }: Placeholder) => {
    const variable = isOfRun && part === 'flow' ? 'self.flow' : isOfRun && part === 'run' ? 'self.run_id' : part;
    return `{${variable}${digits > 1 ? `:0${digits}d` : ''}}`;
  };
  const built = texts.map((text, index) => text + (placeholders[index] ? value(placeholders[index]) : '')).join('');
  const indent = isOfRun ? '    ' : '';
  return [
    ...(isOfRun && own.length === 0 ? [`${indent}@property`] : []),
    `${indent}def ${name}(${parameters.join(', ')}) -> str:`,
    docstring(`\`${plain(template)}\`: ${doc}`, `${indent}    `),
    `${indent}    return f"${built}"`,
  ].join('\n');
}

/** Numbers with the digits that they have at least, `{part:5}`; all other placeholders are texts without a slash. */
function withDigits(layout: Layout, template: string): string {
  const { texts, placeholders } = parse(layout, template);
  const written = placeholders.map(({ name, digits }) => `{${name}${digits ? `:${digits}` : ''}}`);
  return texts.map((text, index) => text + (written[index] ?? '')).join('');
}

function parse({ types }: Layout, template: string): Parsed {
  const pieces = template.split(/[{}]/);
  const placeholders = pieces
    .filter((_, index) => index % 2 === 1)
    .map((piece) => {
      const [name = '', type = 'name'] = piece.split(':');
      const known = types[type];
      if (known === undefined) throw new Error(`${template}: unknown type ${type}`);
      return { name, digits: known.digits };
    });
  return { texts: pieces.filter((_, index) => index % 2 === 0), placeholders };
}

/** As people read it: `_nuvopipe/<flow>/<run>/`. */
function plain(template: string): string {
  return template.replaceAll(/\{(\w+)(:\w+)?\}/g, '<$1>');
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
