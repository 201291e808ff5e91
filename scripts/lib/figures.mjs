import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { stageChart } from './stage-chart.mjs';
import { targetRows } from './targets.mjs';

const START = '<!-- figures: rendered from docs/figures.json by `npm run bench -- --save`; do not edit -->';
const END = '<!-- end of figures -->';

/**
 * The files that show docs/figures.json, as it has them now.
 * @returns {ReadonlyMap<string, string>} text by path from the root
 */
export function renderedFigures() {
  const reports = JSON.parse(readFileSync(join(root, 'docs', 'figures.json'), 'utf8'));
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start < 0 || end < 0) throw new Error(`README.md has no place for the figures: expected ${START} and ${END}`);
  return new Map([
    ['README.md', `${readme.slice(0, start + START.length)}\n\n${tables(reports)}\n\n${readme.slice(end)}`],
    ['docs/targets.md', targetsPage(reports)],
    ['docs/stages.svg', stageChart(proofsOf(reports))],
  ]);
}

export function renderFigures() {
  for (const [path, text] of renderedFigures()) writeFileSync(join(root, path), text);
}

/** Proofs of blocks, by size. */
const proofsOf = (reports) =>
  reports.filter((r) => r.bench === 'prove').sort((a, b) => a.figures.instructions - b.figures.instructions);

function targetsPage(reports) {
  const fullCheck = JSON.parse(readFileSync(join(root, 'docs', 'check-full.json'), 'utf8'));
  const table = markdownTable(['what', 'target', 'measured', 'met'], targetRows(reports, fullCheck));
  return `<!-- rendered from docs/figures.json by scripts/render-figures.mjs; do not edit -->

# Targets

Two cores, WebAssembly backend, profile P100; \`docs/figures.json\` has machine, commit and parameters of each figure, and
\`npm run bench\` measures them again; of the largest block, \`npm run check:full\`. W = cells + 1.5 · interactions; *used*
leaves padding out. The executor compiles a program once it has run 2^25 rows of it: a node's process has, a single
command that proves a small block has not.

${table}
`;
}

function tables(reports) {
  const parts = [
    proofTable(reports),
    verifyTable(reports),
    validationTable(reports),
    networkLine(reports),
    syncLine(reports),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

const KERNELS = { plain: 'TypeScript', wasm: 'WebAssembly' };

/** What verifying costs by stage, one row per block and kernels. */
function verifyTable(reports) {
  const measured = reports
    .filter((r) => r.bench === 'verify')
    .sort((a, b) => a.figures.segments - b.figures.segments || a.figures.verifyMs - b.figures.verifyMs);
  if (measured.length === 0) return undefined;
  const rows = measured.map(({ parameters, figures: f }) => [
    `\`${parameters.block}\``,
    f.segments,
    KERNELS[parameters.kernels ?? 'plain'],
    ...[f.verifyMs, f.perSegmentMs, f.firstMs, f.keyMs].map(milliseconds),
    ...[f.stages.logup, f.stages.zerocheck, f.stages.open, f.stages.closing].map(milliseconds),
  ]);
  const head = [
    'block',
    'segments',
    'kernels',
    'verified in',
    'per segment',
    'first time',
    'key',
    'LogUp',
    'zerocheck',
    'openings',
    'closing',
  ];
  const say =
    'Verifying on one core, with the kernels for hashes and field in plain TypeScript or in WebAssembly: medians of a warm process, as a whole and by stage; the first proof of a process, which V8 has not compiled yet; and once per process the set-up of the key.';
  const commits = [...new Set(measured.map((r) => r.commit))].join(', ');
  return `${say} Commit ${commits}.\n\n${markdownTable(head, rows)}`;
}

/** The three ways to know that a block is valid, one row per block. */
function validationTable(reports) {
  const rows = reports
    .filter((r) => r.bench === 'validation')
    .sort((a, b) => a.figures.gasUsed - b.figures.gasUsed)
    .map(({ parameters, figures: f }) => [
      `\`${parameters.block}\``,
      millions(f.gasUsed),
      ...[f.verifyMs, f.executeMs, f.guestMs].map(milliseconds),
    ]);
  const [network] = reports.filter((r) => r.bench === 'network');
  if (network !== undefined) {
    const { verifyMs, executeMs, guestMs } = network.figures;
    rows.unshift([
      'a block of the development chain, by the nodes of the network below',
      '0.02 M',
      ...[verifyMs, executeMs, guestMs].map(milliseconds),
    ]);
  }
  if (rows.length === 0) return undefined;
  const head = ['block', 'gas', 'verify', 'execute in `@ethereumjs/vm`', 'execute in the guest in V8'];
  const say =
    'Verifying against executing, each block in one run, medians after the first: executing is from a witness in memory, without the disk reads of a full node. Until proofs are aggregated, verifying grows with the segments.';
  return `${say}\n\n${markdownTable(head, rows)}`;
}

function networkLine(reports) {
  const [report] = reports.filter((r) => r.bench === 'network');
  if (report === undefined) return undefined;
  const { announcedToImportedP50Ms: p50, announcedToImportedP99Ms: p99, bytesPerBlock } = report.figures;
  const kilobytes = Math.round(bytesPerBlock / 1000);
  return `From the announcement of a proof to the verified import on a peer, on loopback, ${report.parameters.blocks} blocks: P50 ${p50} ms, P99 ${p99} ms; ${kilobytes} kB per block on the wire, all protocols and both ways (commit ${report.commit}).`;
}

function syncLine(reports) {
  const [report] = reports.filter((r) => r.bench === 'sync').sort((a, b) => b.parameters.blocks - a.parameters.blocks);
  if (report === undefined) return undefined;
  const { blocksPerSecond, seconds, verifierCpuSeconds, nodeCpuSeconds } = report.figures;
  return `\`--sync proof\` from genesis over ${report.parameters.blocks} blocks with a proof each: ${blocksPerSecond} blocks/s; of ${seconds} s, the verifier took ${verifierCpuSeconds} s of processor time, the rest of the node ${nodeCpuSeconds} s (commit ${report.commit}).`;
}

/** One row per block, by size of the proof's work. */
function proofTable(reports) {
  const proofs = proofsOf(reports);
  if (proofs.length === 0) return 'No block has been measured.';
  const rows = proofs.map(({ parameters, figures }) => {
    const { provingMs, instructions, segments, cells, interactions, proofBytes, verifyMs, peakRssBytes } = figures;
    return [
      `\`${parameters.block}\``,
      millions(instructions),
      segments,
      millions(cells + 1.5 * interactions),
      `${(provingMs / 1000).toFixed(1)} s`,
      `${((cells + 1.5 * interactions) / provingMs / 1000).toFixed(1)} M/s`,
      `${(peakRssBytes / 2 ** 30).toFixed(1)} GiB`,
      `${Math.round(proofBytes / 1000)} kB`,
      `${verifyMs} ms`,
    ];
  });
  const head = ['block', 'instructions', 'segments', 'W', 'proven in', 'W/s', 'memory', 'proof', 'verified in'];
  const table = markdownTable(head, rows);
  const { machine } = proofs[0];
  const commits = [...new Set(proofs.map((r) => r.commit))].join(', ');
  return `${table}\n\nW = cells + 1.5 · interactions, padding included. Profile P100, WebAssembly backend, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, commit ${commits}. Times are of whole commands: start, key derivation and verification of the own proof included. \`docs/targets.md\` holds these and other figures against what they are meant to be.\n\n![Where the time of a proof goes, by stage](docs/stages.svg)`;
}

const markdownTable = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const milliseconds = (ms) => `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
const millions = (n) => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 0)} M`;
