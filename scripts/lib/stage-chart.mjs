/** Stages of proving in their order, and the colour of each (Okabe and Ito's, which colour-blind readers tell apart). */
const STAGES = [
  ['key', 'key', '#cc79a7'],
  ['record', 'record', '#f0e442'],
  ['interface', 'interface', '#8c6d31'],
  ['trace', 'trace', '#e69f00'],
  ['commit', 'commit', '#56b4e9'],
  ['logup', 'LogUp-GKR', '#0072b2'],
  ['zerocheck', 'zerocheck', '#009e73'],
  ['open', 'open', '#d55e00'],
  ['closing', 'closing', '#7a3b8f'],
  ['verify', 'verify', '#333333'],
];
const LABEL = 150;
const WIDTH = 620;
const TOTAL = 70;
const BAR = 26;
const GAP = 12;
const LEGEND_COLUMNS = 4;
const LEGEND_LINE = 20;

/**
 * Where a proof's time goes: one bar per block, each as wide as the others, its stages by their share.
 * @param {readonly {parameters: {block: string}, figures: {provingMs: number, stages: Record<string, number>}}[]} proofs
 * @returns {string} an SVG image
 */
export function stageChart(proofs) {
  const bars = proofs.map(({ parameters, figures }, row) => {
    const { provingMs, stages } = figures;
    const whole = Object.values(stages).reduce((a, b) => a + b, 0);
    const y = row * (BAR + GAP);
    let x = LABEL;
    const parts = STAGES.filter(([id]) => stages[id] > 0).map(([id, name, colour]) => {
      const width = (WIDTH * stages[id]) / whole;
      const part = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour}"><title>${name}: ${seconds(stages[id])}</title></rect>`;
      x += width;
      return part;
    });
    const middle = y + BAR / 2 + 5;
    return [
      `<text x="0" y="${middle}">${parameters.block}</text>`,
      ...parts,
      `<text x="${LABEL + WIDTH + 8}" y="${middle}">${seconds(provingMs)}</text>`,
    ].join('\n');
  });
  const top = proofs.length * (BAR + GAP) + 12;
  const shown = STAGES.filter(([id]) => proofs.some(({ figures }) => figures.stages[id] > 0));
  const legend = shown.map(([, name, colour], k) => {
    const x = LABEL + (k % LEGEND_COLUMNS) * (WIDTH / LEGEND_COLUMNS);
    const y = top + Math.floor(k / LEGEND_COLUMNS) * LEGEND_LINE;
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour}"/><text x="${x + 18}" y="${y + 11}">${name}</text>`;
  });
  const height = top + Math.ceil(shown.length / LEGEND_COLUMNS) * LEGEND_LINE;
  const style =
    'text{font:13px system-ui,sans-serif;fill:#1f2328}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}';
  const size = `width="${LABEL + WIDTH + TOTAL}" height="${height}" viewBox="0 0 ${LABEL + WIDTH + TOTAL} ${height}"`;
  const title = 'Where the time of a proof goes, by stage';
  return `<!-- rendered from docs/figures.json by scripts/render-figures.mjs; do not edit -->
<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${title}">
<title>${title}</title>
<style>${style}</style>
${[...bars, ...legend].join('\n')}
</svg>
`;
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
