/**
 * The rules of the repository's shape: which folders exist, who may import whom, what no file may contain.
 * Pure functions over file contents, so that a test can show that each rule catches its violation.
 */

/** Path from the repository's root with forward slashes → text; binary files have the empty text. */
export type Files = ReadonlyMap<string, { readonly text: string; readonly sizeBytes: number }>;
export type Violation = { readonly rule: string; readonly where: string; readonly detail: string };

const TOP_LEVEL = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'Dockerfile', 'proof-types.json'],
  ...['README.md', 'CONTRIBUTING.md', 'LICENSE', 'RATIONALE.md'],
  ...['.ci', '.npmrc', '.gitignore', '.gitattributes', '.dockerignore'],
  ...['client', 'genesis', 'test', 'scripts', 'docs'],
]);

/** Folder → the names that may stand in it; folders without an entry are free. */
const LAYOUT: Readonly<Record<string, ReadonlySet<string>>> = {
  '': TOP_LEVEL,
  client: new Set([
    ...['main.ts', 'node.ts', 'config.ts', 'errors.ts', 'log.ts', 'metrics.ts', 'README.md'],
    // How every WebAssembly module of the prover, and a key's digests, lie in a source file.
    'base64.ts',
    // Read on both sides of every boundary that strangers' bytes cross.
    'rlp-shape.ts',
    // Parts of the composition root, by subject.
    ...['node', 'cli', 'execution', 'sync', 'p2p', 'rpc', 'prover', 'light'],
  ]),
  'client/execution': new Set([
    ...['interface.ts', 'README.md', 'RATIONALE.md', 'chain', 'state', 'txpool', 'store', 'witness', 'sealing'],
  ]),
  'client/prover': new Set([
    ...['interface.ts', 'README.md', 'RATIONALE.md', 'service', 'guest', 'vm', 'field', 'poly', 'hash', 'transcript'],
    ...['air', 'chips', 'machine', 'protocol', 'soundness', 'verifier', 'engine', 'backends', 'kernels'],
  ]),
  'client/rpc': new Set([
    ...[
      'interface.ts',
      'README.md',
      'RATIONALE.md',
      'jsonrpc',
      'eth',
      'debug',
      'engine',
      'net',
      'txpool',
      'zkl1',
      'web3',
      'methods.ts',
    ],
  ]),
  test: new Set([
    ...['unit', 'vectors', 'property', 'conformance', 'soundness', 'spec', 'golden', 'e2e', 'bench', 'support'],
    ...['architecture.test.ts', 'README.md'],
  ]),
};

const LEAF = 'leaf';

/** Longest prefix wins; a pattern ends in `/` for a folder. */
const AREAS: readonly (readonly [RegExp, string])[] = [
  [/^client\/(errors|log|metrics|base64|rlp-shape)\.ts$/, LEAF],
  [/^client\/prover\/interface\.ts$/, 'prover/interface'],
  // What the verifier defines has these names; every other file of a sub-protocol is the prover's.
  [
    /^client\/prover\/protocol\/([\w-]+\/)?(shape|claims|verify|statement|form|bounds|machine|layout|chain)\.ts$/,
    'protocol(verify)',
  ],
  [/^client\/prover\/protocol\//, 'protocol(prove)'],
  [/^client\/prover\/backends\/reference\//, 'backends/reference'],
  [/^client\/prover\/backends\/interface\.ts$/, 'backends/interface'],
  [/^client\/prover\/kernels\/interface\.ts$/, 'kernels/interface'],
  [/^client\/prover\/vm\/isa\.ts$/, 'vm/isa'],
  // The layout of records, which the recorders write and the chips read.
  [/^client\/prover\/vm\/flat-records\.ts$/, 'vm/records'],
  [/^client\/prover\/guest\/(claim|chain-spec)\.ts$/, 'guest/claim'],
  // What of the chain's rules runs in a browser too.
  [
    /^client\/execution\/(chain\/(genesis-config|chain-spec|active-forks|recover-key)|sealing\/seal-signature)\.ts$/,
    'execution/portable',
  ],
  [/^client\/prover\/([\w-]+)\//, '$1'],
  [/^client\/(execution|rpc|p2p|sync)\/interface\.ts$/, '$1/interface'],
  [/^client\/light\/page\//, 'light/page'],
  [/^client\/(execution|rpc|p2p|sync|cli|light)\//, '$1'],
  [/^client\/config\.ts$/, 'config'],
  [/^client\/(main\.ts|node\.ts|node\/.*)$/, 'composition'],
];

const ARITHMETIC = ['field', 'poly', 'hash', 'transcript'] as const;
const VERIFIER_SIDE = [...ARITHMETIC, 'air', 'machine', 'soundness', 'protocol(verify)', 'prover/interface'] as const;
const PROVER_SIDE = [
  ...VERIFIER_SIDE,
  'guest/claim',
  'verifier',
  'backends/interface',
  'backends/reference',
  'protocol(prove)',
  'kernels',
] as const;
const ANY = Symbol('any area');

/**
 * Area → the areas it may import besides itself and the leaf files.
 * field ← poly ← hash ← transcript ← protocol(verify) ← verifier ← protocol(prove) ← engine ← service ← node.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | typeof ANY>> = {
  [LEAF]: [],
  // The ports say what their own configuration is.
  config: ['p2p/interface', 'sync/interface'],
  'prover/interface': [],
  field: [],
  poly: ['field'],
  hash: ['field', 'poly'],
  transcript: ['field', 'poly', 'hash'],
  air: ['field', 'poly', 'hash'],
  'vm/isa': [],
  'vm/records': ['vm', 'vm/isa'],
  vm: ['vm/isa', 'vm/records', 'prover/interface'],
  // poly: closed forms of fixed columns are multilinear extensions.
  chips: ['air', 'field', 'poly', 'vm/isa', 'vm/records'],
  machine: ['chips', 'air', 'field', 'poly', 'vm/isa', 'vm/records'],
  soundness: ['field', 'air', 'machine'],
  'protocol(verify)': [...ARITHMETIC, 'air', 'machine', 'soundness', 'kernels/interface'],
  'guest/claim': ['prover/interface'],
  // Whoever calls the verifier chooses kernels: its own are the plain ones.
  verifier: [...VERIFIER_SIDE, 'guest/claim', 'kernels/interface'],
  'backends/interface': ['field', 'poly', 'hash', 'air'],
  'backends/reference': ['field', 'poly', 'hash', 'air', 'backends/interface'],
  backends: ['field', 'poly', 'hash', 'air', 'kernels', 'backends/interface', 'backends/reference'],
  'kernels/interface': ['field', 'hash', 'air'],
  kernels: ['field', 'hash', 'air', 'kernels/interface'],
  'protocol(prove)': PROVER_SIDE,
  engine: [...PROVER_SIDE, 'chips', 'vm', 'vm/isa', 'vm/records', 'backends'],
  guest: ['prover/interface', 'guest/claim', 'vm', 'vm/isa'],
  service: [...PROVER_SIDE, 'chips', 'vm', 'vm/isa', 'backends', 'engine', 'guest', 'execution/interface'],
  'execution/interface': [],
  'execution/portable': [],
  execution: ['execution/interface', 'execution/portable'],
  light: ['execution/portable', 'prover/interface', 'guest/claim', 'verifier', 'kernels'],
  'light/page': ['light', 'prover/interface'],
  'rpc/interface': ['execution/interface', 'prover/interface', 'p2p/interface', 'sync/interface'],
  rpc: ['rpc/interface', 'execution/interface', 'prover/interface', 'p2p/interface', 'sync/interface'],
  'p2p/interface': ['execution/interface', 'prover/interface'],
  p2p: ['p2p/interface', 'execution/interface', 'prover/interface'],
  'sync/interface': ['execution/interface', 'prover/interface'],
  sync: ['sync/interface', 'p2p/interface', 'execution/interface', 'prover/interface'],
  cli: ANY,
  composition: ANY,
};

/** Prover folders that run only in the node; everything else of the prover, and the light client, must run in a browser. */
const NODE_ONLY = /^client\/prover\/(service|backends|guest)\/|(^|\/)(worker|workers)[/.-]|-worker\.ts$/;

const isForBrowsers = (path: string): boolean =>
  path.startsWith('client/light/') || (path.startsWith('client/prover/') && !NODE_ONLY.test(path));

/** Files above this many lines need a reason here. */
const MAX_LINES = 700;
const LONG_FILES: Readonly<Record<string, string>> = {
  'client/prover/vm/execute.ts': 'one case per instruction in one loop: cutting it would cost the loop its speed',
  'client/prover/vm/assembly/interpreter.ts': 'the same loop, with a case of several lines per instruction',
};
const MAX_FILE_BYTES = 1_000_000;
const MAX_GUEST_BYTES = 5_000_000;

/** The area a client file belongs to, or undefined for a file that no rule knows. */
export function areaOf(path: string): string | undefined {
  for (const [pattern, area] of AREAS) {
    const match = pattern.exec(path);
    if (match !== null) return area.replace('$1', match[1] ?? '');
  }
  return undefined;
}

export type Import = { readonly specifier: string; readonly typeOnly: boolean };

/** Static, side-effect and dynamic imports and re-exports of one module. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  const fromClause = /^\s*(?:import|export)\s+(type\s+)?(?:[\w*$]|\{)[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm;
  for (const m of code.matchAll(fromClause)) found.push({ specifier: m[2] ?? '', typeOnly: m[1] !== undefined });
  for (const m of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier: m[1] ?? '', typeOnly: false });
  }
  for (const m of code.matchAll(/\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g)) {
    found.push({ specifier: m[1] ?? '', typeOnly: false });
  }
  return found;
}

/** Every violation of layout, import direction and content rules. */
export function violations(files: Files): readonly Violation[] {
  return [...layoutViolations(files), ...importViolations(files), ...contentViolations(files)];
}

function layoutViolations(files: Files): readonly Violation[] {
  const found = new Map<string, Violation>();
  for (const path of files.keys()) {
    const parts = path.split('/');
    for (let depth = 0; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      const name = parts[depth] ?? '';
      const allowed = LAYOUT[folder];
      if (allowed !== undefined && !allowed.has(name)) {
        const where = folder === '' ? name : `${folder}/${name}`;
        found.set(where, { rule: 'layout', where, detail: `not among the names allowed in ${folder || 'the root'}` });
      }
    }
  }
  return [...found.values()];
}

function importViolations(files: Files): readonly Violation[] {
  const found: Violation[] = [];
  for (const [path, { text }] of files) {
    if (!path.startsWith('client/') || !path.endsWith('.ts') || path.includes('/assembly/')) continue;
    const area = areaOf(path);
    if (area === undefined) {
      found.push({ rule: 'area', where: path, detail: 'belongs to no area of the import table' });
      continue;
    }
    const allowed = MAY_IMPORT[area];
    if (allowed === undefined) {
      found.push({ rule: 'area', where: path, detail: `area ${area} has no row in the import table` });
      continue;
    }
    for (const { specifier, typeOnly } of importsOf(text)) {
      if (specifier.startsWith('node:') && isForBrowsers(path)) {
        found.push({ rule: 'browser', where: path, detail: `${specifier} in a part that runs in a browser` });
      }
      if (!specifier.startsWith('.')) continue;
      const target = resolve(path, specifier);
      if (!target.endsWith('.ts') && !/\.(json|js)$/.test(target)) {
        found.push({ rule: 'extension', where: path, detail: `${specifier} lacks its extension` });
        continue;
      }
      if (!target.startsWith('client/')) {
        found.push({ rule: 'direction', where: path, detail: `${specifier} lies outside client/` });
        continue;
      }
      const targetArea = areaOf(target);
      const recordTypes = (area === 'chips' || area === 'machine') && targetArea === 'vm' && typeOnly;
      const fine =
        allowed === ANY ||
        targetArea === LEAF ||
        targetArea === area ||
        recordTypes ||
        (targetArea !== undefined && allowed.includes(targetArea));
      if (!fine) {
        found.push({ rule: 'direction', where: path, detail: `${area} must not import ${targetArea ?? target}` });
      }
    }
  }
  return found;
}

/** Machine paths and unfinished-work marks, spelled so that this file does not contain them. */
const FORBIDDEN: readonly { readonly rule: string; readonly pattern: RegExp; readonly only?: RegExp }[] = [
  { rule: 'machinePath', pattern: new RegExp(`(?:^|[^\\w.~/*-])/(?:${['work', 'root', 'home', 'mnt'].join('|')})/`) },
  { rule: 'registryHost', pattern: new RegExp(`https?://[^\\s"']*(?:${['regis' + 'try', 'mir' + 'ror'].join('|')})`) },
  {
    rule: 'unfinished',
    pattern: new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`),
  },
  { rule: 'any', pattern: /(?::|\bas|<|,)\s*any\b(?=\s*(?:[;,)>=\]|&[{]|$))/, only: /^(client|test)\/.*\.ts$/ },
  { rule: 'secondClass', pattern: /^\s*(?:export\s+)?(?:const\s+)?enum\s/, only: /^(client|test)\/.*\.ts$/ },
];

function contentViolations(files: Files): readonly Violation[] {
  const found: Violation[] = [];
  for (const [path, { text, sizeBytes }] of files) {
    const limit = path === 'client/prover/guest/guest.wasm' ? MAX_GUEST_BYTES : MAX_FILE_BYTES;
    if (sizeBytes > limit)
      found.push({ rule: 'fileSize', where: path, detail: `${sizeBytes} bytes, at most ${limit}` });
    if (/(^|\/)(package-lock\.json|Cargo\.lock|LICENSE)$/.test(path)) continue;
    const code = /\.ts$/.test(path) ? withoutComments(text).split('\n') : undefined;
    for (const [i, line] of text.split('\n').entries()) {
      for (const { rule, pattern, only } of FORBIDDEN) {
        if (only !== undefined && !only.test(path)) continue;
        const subject = only === undefined ? line : (code?.[i] ?? '');
        if (pattern.test(subject)) found.push({ rule, where: `${path}:${i + 1}`, detail: line.trim().slice(0, 120) });
      }
    }
    const lines = text.split('\n').length;
    if (isHandWritten(path) && lines > MAX_LINES && LONG_FILES[path] === undefined) {
      found.push({ rule: 'fileLines', where: path, detail: `${lines} lines, at most ${MAX_LINES} without a reason` });
    }
  }
  return found;
}

/** Hand-written source files longer than `lines`, longest first. */
export function longFiles(files: Files, lines: number): readonly { readonly path: string; readonly lines: number }[] {
  return [...files]
    .filter(([path]) => isHandWritten(path))
    .map(([path, { text }]) => ({ path, lines: text.split('\n').length }))
    .filter((f) => f.lines > lines)
    .sort((a, b) => b.lines - a.lines);
}

function isHandWritten(path: string): boolean {
  return /\.(ts|mjs|rs|wgsl)$/.test(path) && !path.includes('/generated/');
}

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Comments become spaces, so that line numbers stay; strings and templates are left as they are. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, string) => (string !== undefined ? all : all.replace(/[^\n]/g, ' ')),
  );
}
