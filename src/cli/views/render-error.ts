import { EXIT_SYSTEM_ERROR, EXIT_USER_ERROR, SystemError, UserError } from '../../base/errors.ts';
import { type Palette, plainPalette } from '../../base/terminal/palette.ts';
import { type Diagnostic, FlowError, formatDiagnostics } from '../../index.ts';

/** The value under `error` in the output of `--json`. */
export interface ErrorJson {
  code: string;
  message: string;
  hint?: string;
  diagnostics?: Diagnostic[];
}

export interface Failure {
  exitCode: number;
  json: ErrorJson;
  /** For people; ends without a newline. */
  text(palette: Palette): string;
}

/** Shows stack traces, for developers of nuvopipe. */
const DEBUG_VARIABLE = 'NUVOPIPE_DEBUG';

/** Errors of oclif: unknown or missing flags and arguments, and unknown commands. */
function isUsageError(error: Error): boolean {
  return 'parse' in error || ('oclif' in error && !('code' in error && error.code === 'EEXIT'));
}

/** Converts any thrown value to an error message: the only place where exit codes are decided. */
export function describeError(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof FlowError) {
    return {
      exitCode: EXIT_USER_ERROR,
      json: { ...withHint(error.code, error.message, error.hint), diagnostics: error.diagnostics },
      text: (palette) => formatDiagnostics(error, { color: palette !== plainPalette }),
    };
  }
  if (error instanceof UserError) return failure(EXIT_USER_ERROR, error.code, error.message, error.hint);
  if (error instanceof SystemError) return failure(EXIT_SYSTEM_ERROR, error.code, error.message, error.hint, error);
  if (isUsageError(error)) {
    const message = error.message.replace('\nSee more help with --help', '');
    return failure(EXIT_USER_ERROR, 'usage', message, 'run the command with --help to see its usage');
  }
  const hint = `this is a bug; run the command again with ${DEBUG_VARIABLE}=1 to get a stack trace`;
  return failure(EXIT_SYSTEM_ERROR, 'unexpected', error.message || error.name, hint, error);
}

function failure(exitCode: number, code: string, message: string, hint?: string, stackOf?: Error): Failure {
  return {
    exitCode,
    json: withHint(code, message, hint),
    text(palette) {
      const lines = [`${palette.red(palette.bold(`error[${code}]`))}${palette.bold(`: ${message}`)}`];
      if (hint !== undefined) lines.push(`  ${palette.cyan('hint')}: ${hint}`);
      if (stackOf?.stack && process.env[DEBUG_VARIABLE]) lines.push(stackOf.stack);
      return lines.join('\n');
    },
  };
}

function withHint(code: string, message: string, hint: string | undefined): ErrorJson {
  return hint === undefined ? { code, message } : { code, message, hint };
}
