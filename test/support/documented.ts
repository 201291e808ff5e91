/** What README.md and CONTRIBUTING.md tell a reader to type. */

/** Command lines of indented blocks and of inline code, without their comments; fenced blocks hold other languages. */
export function commandLines(markdown: string): readonly string[] {
  const text = markdown.replace(/^```[\s\S]*?^```/gm, '');
  const blocks = [...text.matchAll(/^ {4}(\S.*)$/gm)].map((m) => m[1] ?? '');
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? '');
  return [...blocks, ...inline.filter((code) => /^(npm|node|npx|zkl1-node) /.test(code))]
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => /^(npm|node|npx|zkl1-node|docker|scripts\/|\.ci\/)/.test(line));
}

/** Long flags of a line, without values. */
export const flagsOf = (line: string): readonly string[] => [...line.matchAll(/--[a-z][\w.-]*/g)].map(([flag]) => flag);

/** Rows of the table whose head begins with a word: the cells of each. */
export function tableRows(markdown: string, head: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.replaceAll('\\|', '|').trim()),
    );
  }
  return rows;
}
