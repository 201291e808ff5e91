/** The codes of `ClientError` that sources raise: pure functions over texts, so that a test can show what they find. */
import { withoutComments } from './architecture.ts';

export type ErrorCode = { readonly code: string; readonly path: string };
export type ErrorCodes = {
  readonly codes: readonly ErrorCode[];
  /** Places that raise an error whose code these functions cannot tell. */
  readonly unknown: readonly string[];
};

const LITERAL = /'(\w+)'/g;
const LITERALS = /^\s*(?:\|\s*)?'\w+'(?:\s*\|\s*'\w+')*\s*$/;

/**
 * Every code with which a `ClientError` or a class of it can be made: literals, and type arguments where the code is
 * a variable.
 * @param sources path → text
 */
export function errorCodes(sources: ReadonlyMap<string, string>): ErrorCodes {
  const codes = new Map<string, ErrorCode>();
  const unknown: string[] = [];
  const texts = [...sources].map(([path, text]) => [path, withoutComments(text)] as const);
  const types = namedTypes(texts.map(([, text]) => text));
  const add = (path: string, found: readonly string[] | undefined, place: string): void => {
    if (found === undefined) unknown.push(`${path}: ${place}`);
    for (const code of found ?? []) codes.set(`${code} ${path}`, { code, path });
  };
  const classes = new Set(['ClientError']);
  for (let known = 0; known !== classes.size; ) {
    known = classes.size;
    for (const [, text] of texts)
      for (const [, name = '', base = ''] of text.matchAll(/class (\w+)(?:<[^{]*?>)? extends (\w+)/g))
        if (classes.has(base)) classes.add(name);
  }
  for (const [path, text] of texts) {
    for (const { 1: name = '', 2: base = '', index, 0: all } of text.matchAll(/class (\w+) extends (\w+)\s*</g))
      if (classes.has(base)) add(path, literalsOf(firstArgument(text, index + all.length), types), `class ${name}`);
    for (const { 1: name = '', index, 0: all } of text.matchAll(/new (\w+)\s*(?=[<(])/g)) {
      if (!classes.has(name)) continue;
      const rest = text.slice(index + all.length);
      const literal = /^(?:<[^>]*>)?\(\s*'(\w+)'/.exec(rest)?.[1];
      const typed = /^<([^>]*)>/.exec(rest)?.[1];
      if (literal !== undefined) add(path, [literal], '');
      else if (typed !== undefined) add(path, literalsOf(typed, types), all + rest.slice(0, 60));
      // Classes with codes of their own have given them where they are declared.
      else if (name === 'ClientError') add(path, undefined, all + rest.slice(0, 60));
    }
  }
  return { codes: [...codes.values()], unknown };
}

/** Name of a type → its string literals: of unions, of `keyof typeof X`, and of the values of `typeof X`. */
function namedTypes(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const types = new Map<string, readonly string[]>();
  for (const text of texts) {
    for (const [, name = '', value = ''] of text.matchAll(/\btype (\w+) =([^;{]*);/g))
      if (LITERALS.test(value))
        types.set(
          name,
          [...value.matchAll(LITERAL)].map((m) => m[1] ?? ''),
        );
    for (const [, name = '', body = ''] of text.matchAll(/\bconst (\w+) = \{([^{}]*)\} as const/g)) {
      types.set(
        `keyof typeof ${name}`,
        [...body.matchAll(/(\w+):/g)].map((m) => m[1] ?? ''),
      );
      types.set(
        `typeof ${name}`,
        [...body.matchAll(LITERAL)].map((m) => m[1] ?? ''),
      );
    }
  }
  for (const text of texts)
    for (const [, name = '', value = ''] of text.matchAll(/\btype (\w+) = (keyof typeof \w+);/g)) {
      const keys = types.get(value);
      if (keys !== undefined) types.set(name, keys);
    }
  return types;
}

function literalsOf(type: string, types: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const text = type.trim();
  if (LITERALS.test(text)) return [...text.matchAll(LITERAL)].map((m) => m[1] ?? '');
  return types.get(text) ?? types.get(/^\((typeof \w+)\)\[\w+\]$/.exec(text)?.[1] ?? '');
}

/** The text of the first type argument that begins at `at`. */
function firstArgument(text: string, at: number): string {
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    const c = text[end] ?? '';
    if (depth === 0 && (c === ',' || c === '>')) return text.slice(at, end);
    if ('<({['.includes(c)) depth++;
    if ('>)}]'.includes(c)) depth--;
  }
  return '';
}
