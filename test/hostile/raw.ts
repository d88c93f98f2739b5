/** Requests that no HTTP client would send, byte for byte, and what must not be in any answer. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';

/** An answer that takes longer is none. */
const PATIENCE_MS = 20_000;

export interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** All that was received. */
  readonly text: string;
}

/**
 * Sends the bytes and reads one answer.
 *
 * @param untilClosed reads on until the server closes the connection: more answers than one would be in `text`
 * @param finished nothing is sent after the bytes, and the server is told so
 */
export function exchange(
  port: number,
  bytes: string | Buffer,
  untilClosed = false,
  finished = false,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`));
    }, PATIENCE_MS);
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parsed(Buffer.concat(received).toString('utf8')));
    };
    socket.on('error', end);
    socket.on('close', end);
    socket.on('data', (chunk) => {
      received.push(chunk);
      if (!untilClosed && isWhole(Buffer.concat(received).toString('latin1'))) end();
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
    if (finished) socket.end();
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  if (/^transfer-encoding: *chunked/im.test(text.slice(0, end))) return text.endsWith('0\r\n\r\n');
  return /^HTTP\/1\.1 204/.test(text);
}

function parsed(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
  );
  const raw = end < 0 ? '' : text.slice(end + 4);
  const chunked = headers['transfer-encoding'] === 'chunked';
  const body = chunked ? raw.replace(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n(\r\n)?/gi, '') : raw;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(line)?.[1] ?? 0), headers, body, text };
}

export interface RequestParts {
  readonly method?: string;
  /** As it stands in the first line. */
  readonly target?: string;
  /** Whole lines. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** An HTTP/1.1 request with a Host, the length of its body, and nothing put right. */
export function request({ method = 'GET', target = '/', headers = [], body }: RequestParts): Buffer {
  const own = headers.some((each) => /^host:/i.test(each)) ? [] : ['Host: 127.0.0.1'];
  const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const length =
    body === undefined || headers.some((each) => /^(content-length|transfer-encoding):/i.test(each))
      ? []
      : [`Content-Length: ${content.length}`];
  const head = [`${method} ${target} HTTP/1.1`, ...own, ...headers, ...length, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), content]);
}

export const basic = (auth: string) => `Authorization: Basic ${Buffer.from(auth).toString('base64')}`;

const INTERNALS = [
  /^\s+at .+:\d+/m,
  /node:internal|node_modules|\/src\/|\.ts\b|\.js:\d/,
  /\b(Type|Range|Syntax|Reference|URI)Error\b/,
  /Traceback \(most recent call last\)/,
  /\bE(NOENT|ACCES|ISDIR|NOTDIR|EXIST|NAMETOOLONG|PERM)\b/,
  /root:.*:0:0:/,
];

/** No stack, no path, no key in an answer or a log. */
export function assertNoInternals(text: string, secrets: readonly string[], what: string): void {
  for (const pattern of INTERNALS) assert.doesNotMatch(text, pattern, `${what}: ${text.slice(0, 500)}`);
  for (const secret of secrets) assert.ok(!text.includes(secret), `${what}: a secret or a place is in it`);
}

/** Refused as a mistake of the client: 4xx with an error in JSON, or with nothing where Node's parser refuses; or hung up on. */
export function assertRefused(answer: RawAnswer, secrets: readonly string[], what: string): void {
  assertNoInternals(answer.text, secrets, what);
  if (answer.status === 0) return;
  assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.text.slice(0, 500)}`);
  if (answer.body !== '' && answer.headers['content-type'] !== undefined) JSON.parse(answer.body);
}
