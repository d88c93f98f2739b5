import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const SERVER = join(import.meta.dirname, '../../../node_modules/yaml-language-server/bin/yaml-language-server');

/** What an editor would have set; nothing is fetched from a network. */
const SETTINGS: Record<string, unknown> = {
  yaml: { validate: true, hover: true, completion: true, schemaStore: { enable: false } },
};

export interface Position {
  line: number;
  character: number;
}

export interface EditorDiagnostic {
  message: string;
  range: { start: Position; end: Position };
}

interface Message {
  id?: number;
  method?: string;
  params?: { uri?: string; items?: { section: string }[]; diagnostics?: EditorDiagnostic[] };
  result?: unknown;
  error?: { message: string };
}

/** An editor's half of the language server protocol, as far as the tests go, with the real yaml-language-server. */
export class LanguageServer {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #diagnostics = new Map<string, (diagnostics: EditorDiagnostic[]) => void>();
  #received = Buffer.alloc(0);
  #lastId = 0;

  private constructor() {
    this.#child = spawn(process.execPath, [SERVER, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (data: Buffer) => this.#receive(data));
  }

  static async start(folder: string): Promise<LanguageServer> {
    const server = new LanguageServer();
    await server.#ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { snippetSupport: true } },
          hover: { contentFormat: ['markdown', 'plaintext'] },
          publishDiagnostics: {},
        },
      },
    });
    server.#tell('initialized', {});
    return server;
  }

  /** Opens a file that need not be on disk. */
  async open(path: string, text: string): Promise<{ uri: string; diagnostics: EditorDiagnostic[] }> {
    const uri = pathToFileURL(path).href;
    const published = new Promise<EditorDiagnostic[]>((resolve) => {
      this.#diagnostics.set(uri, resolve);
    });
    this.#tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    return { uri, diagnostics: await published };
  }

  /** Labels of what is offered there. */
  async complete(uri: string, position: Position): Promise<string[]> {
    const list = (await this.#ask('textDocument/completion', { textDocument: { uri }, position })) as {
      items: { label: string }[];
    };
    return list.items.map(({ label }) => label);
  }

  async hover(uri: string, position: Position): Promise<string> {
    const hover = (await this.#ask('textDocument/hover', { textDocument: { uri }, position })) as {
      contents: { value: string };
    } | null;
    return hover?.contents.value ?? '';
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    await this.#ask('shutdown', null);
    this.#tell('exit', null);
    await exited;
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      this.#send({ id, method, params });
    });
  }

  #tell(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString('ascii', 0, head))?.[1]);
      const end = head + 4 + length;
      if (this.#received.length < end) return;
      const message = JSON.parse(this.#received.toString('utf8', head + 4, end)) as Message;
      this.#received = this.#received.subarray(end);
      this.#take(message);
    }
  }

  #take(message: Message): void {
    const { id, method, params } = message;
    if (method === undefined) {
      this.#answers.get(id as number)?.(message);
      this.#answers.delete(id as number);
    } else if (method === 'textDocument/publishDiagnostics') {
      this.#diagnostics.get(params?.uri ?? '')?.(params?.diagnostics ?? []);
    } else if (id !== undefined) {
      const settings = params?.items?.map(({ section }) => SETTINGS[section] ?? {});
      this.#send({ id, result: method === 'workspace/configuration' ? settings : null });
    }
  }
}
