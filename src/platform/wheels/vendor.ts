import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/hash.ts';
import { REQUIREMENTS_LOCK } from '../../base/package-files.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { zipFiles } from '../../base/zip.ts';
import { cached } from './file-cache.ts';
import { pythonTag, STOCK_PYTHON, type TrimRule, wheelFiles } from './wheels.ts';

/** Folder of the step action's zip that holds the vendored packages; `runtime/actions/step.py` looks there. */
const VENDOR_FOLDER = 'vendor';

/** Files that steps never import, of 57 MB in total. */
const TRIMMED: readonly TrimRule[] = [
  { path: /^(bin|share)\//, why: 'command lines and what belongs to them' },
  { path: /\.dist-info\//, why: 'nothing asks which distributions there are' },
  {
    path: /^botocore\/data\/(?!(s3|sts|sso|sso-oidc|secretsmanager)\/)[^/]+\//,
    why: 'AWS services that Metaflow’s storage, sign-in and @secrets do not use',
  },
  { path: /^boto3\/(data\/(?!s3\/)|examples\/)/, why: 'the same, and examples' },
  { path: /^metaflow\/tutorials\//, why: 'to be read, not run' },
  { path: /^metaflow\/plugins\/cards\/card_modules\/.*\.(js|css)$/, why: 'what only a browser runs' },
  { path: /^metaflow\/_vendor\/v3_[567]\//, why: 'for Pythons before 3.8' },
  { path: /(^|\/)(tests?|testing)\//, why: 'tests' },
  {
    path: /^charset_normalizer\/.*\.so$/,
    why: 'an option for one version of Python; the module is there in Python too',
  },
  { path: /\.(pyi|pxd|c|h)$/, why: 'for compilers and editors' },
];

interface VendorOptions {
  python: string;
  home: string;
  report: Progress;
}

/**
 * Metaflow, obstore and a small boto3 as a zip to be merged into the step action's, because a cluster's stock Python
 * has none of them. Fetched once per set of pins, then cached under `home`.
 */
export async function vendoredRuntime(options: VendorOptions): Promise<Uint8Array> {
  return vendored(await readFile(REQUIREMENTS_LOCK, 'utf8'), 'Metaflow and what it needs', options);
}

/** obstore from the same pins, which is all that the sweeper needs. */
export async function vendoredSweeper(options: VendorOptions): Promise<Uint8Array> {
  const lock = await readFile(REQUIREMENTS_LOCK, 'utf8');
  const pins = lock.split('\n').filter((line) => line.startsWith('obstore=='));
  return vendored(`${pins.join('\n')}\n`, 'obstore', options);
}

async function vendored(pins: string, what: string, { python, home, report }: VendorOptions): Promise<Uint8Array> {
  const tag = await pythonTag(python);
  const key = sha256(pins, tag, TRIMMED.map(({ path }) => path.source).join('\n'));
  return cached(join(home, 'vendor', `${key}.zip`), async () => {
    report.line(`Fetching ${what} for the cluster (once)`);
    const requirements = pins.split('\n').filter((line) => /^\w/.test(line));
    const files = await wheelFiles({
      python,
      target: STOCK_PYTHON,
      arguments: ['--no-deps', ...requirements],
      trimmed: TRIMMED,
      what: 'the packages of the runtime',
      report,
    });
    return zipFiles(new Map([...files].map(([path, bytes]) => [`${VENDOR_FOLDER}/${path}`, bytes])));
  });
}
