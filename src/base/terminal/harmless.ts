const ESC = '\u001b';

/** What a terminal shows of a line with carriage returns: the text written last. */
export function lastState(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

/** ECMA-48: OSC, DCS, SOS, PM and APC sequences with their contents, up to their terminator. */
const STRINGS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  /(?:\u001b[PX\]^_]|[\u0090\u0098\u009d-\u009f])(?:[^\u0007\u001b\u0090\u0098\u009c-\u009f]*(?:\u0007|\u001b\\|\u009c))?/g;
/** CSI sequences: cursor movement, erasing, modes, and colours (SGR), which end with `m`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const SEQUENCES = /(?:\u001b\[|\u009b)([0-?]*)([ -/]*[@-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const OTHER_ESCAPES = /\u001b[ -/]*[0-~]/g;
const COLOUR = /^[\d;:]*$/;

/**
 * Removes sequences that move the cursor, erase text, ring the bell or set a title. Overwritten text keeps its last
 * state; other control characters become visible symbols. `colours`: whether SGR sequences stay.
 */
export function harmless(line: string, colours = false): string {
  const text = lastState(line).replace(STRINGS, '');
  let shown = '';
  let at = 0;
  let coloured = false;
  for (const { index, 0: sequence, 1: parameters = '', 2: end } of text.matchAll(SEQUENCES)) {
    shown += withoutControls(text.slice(at, index));
    at = index + sequence.length;
    if (!colours || end !== 'm' || !COLOUR.test(parameters)) continue;
    shown += `${ESC}[${parameters}m`;
    coloured = true;
  }
  shown += withoutControls(text.slice(at));
  return coloured ? `${shown}${ESC}[0m` : shown;
}

function withoutControls(text: string): string {
  return text.replace(OTHER_ESCAPES, '').replace(/\p{Cc}/gu, symbolOf);
}

/** The same for each line of a text. */
export function harmlessText(text: string): string {
  return text
    .split('\n')
    .map((line) => harmless(line))
    .join('\n');
}

/** Unicode's control pictures. Tabs stay. */
function symbolOf(control: string): string {
  const code = control.charCodeAt(0);
  if (control === '\t') return control;
  if (code === 0x7f) return '\u2421';
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}
