import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const START = '<!-- figures: rendered from docs/figures.json by `npm run bench -- --save`; do not edit -->';
const END = '<!-- end of figures -->';

/** Text of the README with its figures as docs/figures.json has them. */
export function renderedReadme() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const path = join(root, 'docs', 'figures.json');
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (!existsSync(path) || start < 0 || end < 0) return readme;
  const reports = JSON.parse(readFileSync(path, 'utf8'));
  return `${readme.slice(0, start + START.length)}\n\n${proofTable(reports)}\n\n${readme.slice(end)}`;
}

export function renderReadme() {
  writeFileSync(join(root, 'README.md'), renderedReadme());
}

/** One row per block, by size of the proof's work. */
function proofTable(reports) {
  const proofs = reports
    .filter((r) => r.bench === 'prove')
    .sort((a, b) => a.figures.instructions - b.figures.instructions);
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
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const { machine } = proofs[0];
  const commits = [...new Set(proofs.map((r) => r.commit))].join(', ');
  return `${table}\n\nW = cells + 1.5 · interactions, padding included. Profile P100, WebAssembly backend, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, commit ${commits}. Times are of whole commands: start, key derivation and verification of the own proof included.`;
}

const millions = (n) => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 0)} M`;
