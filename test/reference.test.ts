import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { Schema } from '../scripts/generate/reference.ts';
import { readSchema, SCHEMA_FILE, TEST_SCHEMA_FILE } from '../src/base/package-files.ts';

interface Key {
  name: string;
  section: Schema;
  property: Schema;
}

function keysOf(schema: Schema): Key[] {
  const sections = [schema, ...Object.values(schema.properties ?? {}), ...Object.values(schema.definitions ?? {})];
  return sections.flatMap((section) =>
    Object.entries(section.properties ?? {}).map(([name, property]) => ({ name, section, property })),
  );
}

const PAGES = [
  { file: 'docs/reference.md', schemaFile: SCHEMA_FILE, keysMin: 25 },
  { file: 'docs/testing-reference.md', schemaFile: TEST_SCHEMA_FILE, keysMin: 20 },
];

for (const { file, schemaFile, keysMin } of PAGES)
  describe(file, () => {
    let page: string;
    let schema: Schema;
    before(async () => {
      page = await readFile(join(import.meta.dirname, '..', file), 'utf8');
      schema = JSON.parse(await readSchema(schemaFile));
    });

    it('has a heading for every key, with its text and an example', () => {
      const keys = keysOf(schema);
      assert.ok(keys.length > keysMin);
      const entries = page
        .split(/^### /m)
        .slice(1)
        .filter((entry) => !entry.includes('…`\n'));
      assert.equal(entries.length, keys.length);
      for (const entry of entries) assert.match(entry, /^[\w ]+: `\w+`\n\n.{4,}\n\n.{10,}\n\n```yaml\n/, entry);
    });

    it('links to existing places', () => {
      const anchors = new Set(
        [...page.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
          heading.replace(/[^\w -]/g, '').replace(/ /g, '-'),
        ),
      );
      const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, target = '']) => target);
      assert.ok(links.length > keysMin);
      assert.deepEqual(
        links.filter((target) => !anchors.has(target)),
        [],
      );
    });

    it('shows examples and defaults that the schema takes', () => {
      const ajv = new Ajv({ allowUnionTypes: true, keywords: ['markdownDescription'], schemas: [schema] });
      for (const { name, section, property } of keysOf(schema)) {
        const target = schema.definitions?.[property.$ref?.split('/').at(-1) ?? ''];
        const { $ref: reference, ...own } = property;
        const validate = ajv.compile(
          reference ? { $ref: `${schema.$id}${reference}` } : { ...own, definitions: schema.definitions },
        );
        const shown = [...(property.examples ?? target?.examples ?? [])];
        if (property.default !== undefined) shown.push(property.default);
        for (const example of shown) {
          assert.ok(
            validate(example),
            `${section.title}: ${name}: ${JSON.stringify(example)}: ${ajv.errorsText(validate.errors)}`,
          );
        }
      }
    });
  });
