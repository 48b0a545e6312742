/** Why a runtime refused, in terms that a caller can act upon. */
export type RuntimeErrorKind =
  'invalid' | 'not-found' | 'already-exists' | 'precondition' | 'unsupported' | 'exhausted' | 'failed';

/** An error of a runtime: one line that says what failed, on what, and why. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly kind: RuntimeErrorKind;

  constructor(kind: RuntimeErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The message of anything that was thrown, in one line that can be printed. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return oneLine(text.trim().replace(/\s*\n\s*/g, '; '));
}

/** A longer message holds a client's text; what the end of it says, as "no such file", is worth as much as the beginning. */
const longest = 900;
const head = 500;
const tail = 300;

/** What would move the cursor, hide text or end the line where the message is shown: controls, formats, separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A message as it may stand in a log or be sent to a client: without control characters, and cut in the middle when it is long. */
export function oneLine(text: string): string {
  if (text.length <= longest) {
    const whole = escaped(text);
    if (whole.length <= longest) return whole;
  }
  const start = escaped(text.slice(0, head)).slice(0, head);
  const end = escaped(text.slice(-tail)).slice(-tail);
  return `${start}… (${text.length} characters) …${end}`;
}

function escaped(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xff ? `\\u{${code.toString(16)}}` : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
