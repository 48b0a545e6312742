/** From loosest to tightest; casts bind tighter still. */
const binary: readonly Readonly<Record<string, (a: bigint, b: bigint) => bigint>>[] = [
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '<<': (a, b) => a << b, '>>': (a, b) => a >> b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b },
];

/**
 * The value of a constant expression in Rust: numbers, names, casts and operators.
 *
 * @returns undefined for anything else, or if a name is unknown
 */
export function evaluate(text: string, valueOf: (name: string) => bigint | undefined): bigint | undefined {
  const tokens = text.match(/\d[\w]*|\w+(?:::\w+)*|<<|>>|\S/g) ?? [];
  let position = 0;

  const level = (depth: number): bigint | undefined => {
    const operators = binary[depth];
    if (operators === undefined) return unary();
    let value = level(depth + 1);
    for (;;) {
      const operator = operators[tokens[position] ?? ''];
      if (operator === undefined || value === undefined) return value;
      position++;
      const right = level(depth + 1);
      if (right === undefined) return undefined;
      value = operator(value, right);
    }
  };
  const unary = (): bigint | undefined => {
    const token = tokens[position++] ?? '';
    let value: bigint | undefined;
    if (token === '-' || token === '!') {
      const operand = unary();
      value = operand === undefined ? undefined : token === '-' ? -operand : ~operand;
    } else if (token === '(') {
      value = level(0);
      if (tokens[position++] !== ')') return undefined;
    } else if (/^\d/.test(token)) {
      const digits = token.replace(/_/g, '').replace(/[iu](8|16|32|64|size)$/, '');
      value = /^(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d+)$/i.test(digits) ? BigInt(digits) : undefined;
    } else if (/^\w/.test(token)) {
      value = valueOf(token.replace(/^.*::/, ''));
    }
    while (tokens[position] === 'as') position += 2;
    return value;
  };

  const value = level(0);
  return position === tokens.length ? value : undefined;
}
