/**
 * What this client is meant to reach with two cores, WebAssembly backend, profile P100. Each target knows how to find its
 * figure among the reports of docs/figures.json, or of a block that only the full check proves, in docs/check-full.json.
 */
const prove = (block) => (all) =>
  (all.find((r) => r.bench === 'prove' && r.parameters.block === block) ?? all.find((r) => r.fullCheck === block))
    ?.figures;
const bench = (name, block) => (all) =>
  all.find((r) => r.bench === name && (block === undefined || r.parameters.block === block))?.figures;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

/** @type {readonly {what: string, target: string, of: (all: readonly object[]) => object | undefined, says: (f: any) => string, isMet: (f: any) => boolean}[]} */
const TARGETS = [
  ...[
    ['mainnet-2675001', 8, 3.5],
    ['mainnet-21688509', 120, 5],
    ['mainnet-24628607', 720, 5],
  ].map(([block, limit, memory]) => ({
    what: `\`${block}\` proven`,
    target: `≤ ${limit} s, ≤ ${memory} GB`,
    of: prove(block),
    says: (f) => `${seconds(f.provingMs)}, ${gigabytes(f.peakRssBytes)}`,
    isMet: (f) => f.provingMs <= 1000 * limit && f.peakRssBytes <= memory * 1e9,
  })),
  {
    what: 'prover, used W over the whole command (`mainnet-21688509`)',
    target: '≥ 6 M/s, the aim is 9 M/s',
    of: (all) => {
      const [proof, work] = [prove('mainnet-21688509')(all), bench('work', 'mainnet-21688509')(all)];
      return proof && work && { rate: work.usedWork / proof.provingMs / 1000 };
    },
    says: (f) => `${f.rate.toFixed(1)} M/s`,
    isMet: (f) => f.rate >= 6,
  },
  {
    what: 'GKR alone, leaves in use',
    target: '≥ 5 M/s',
    of: bench('kernels'),
    says: (f) => `${Math.min(...Object.values(f.gkrMillionLeavesPerSecond))} M/s`,
    isMet: (f) => Math.min(...Object.values(f.gkrMillionLeavesPerSecond)) >= 5,
  },
  {
    what: 'cells and interactions per instruction, memory included (`mainnet-21688509`)',
    target: '≤ 22 and ≤ 14',
    of: bench('work', 'mainnet-21688509'),
    says: (f) => `${f.cellsPerInstruction} and ${f.interactionsPerInstruction}`,
    isMet: (f) => f.cellsPerInstruction <= 22 && f.interactionsPerInstruction <= 14,
  },
  {
    what: 'cells per Keccak-f',
    target: '≤ 47 k',
    of: bench('work', 'mainnet-21688509'),
    says: (f) => `${(f.cellsPerKeccak / 1000).toFixed(1)} k`,
    isMet: (f) => f.cellsPerKeccak <= 47_000,
  },
  ...[
    ['firstRun', 'first run in compiled code, cut into segments', 100],
    ['recordRun', 'recording run', 10],
  ].map(([run, name, least]) => ({
    what: `executor, ${name} (\`mainnet-21688509\`)`,
    target: `≥ ${least} M instructions/s`,
    of: bench('executor', 'mainnet-21688509'),
    says: (f) => `${f.millionsPerSecond[run].median} M/s`,
    isMet: (f) => f.millionsPerSecond[run].median >= least,
  })),
  {
    what: 'guest in V8, warm (`mainnet-21688509`)',
    target: '≤ 25 ms',
    of: bench('validation', 'mainnet-21688509'),
    says: (f) => `${f.guestMs} ms`,
    isMet: (f) => f.guestMs <= 25,
  },
  {
    what: 'proof where one segment holds the block (`mainnet-2675001`)',
    target: '≤ 240 kB',
    of: prove('mainnet-2675001'),
    says: (f) => kilobytes(f.proofBytes),
    isMet: (f) => f.proofBytes <= 240_000,
  },
  {
    what: 'proof per segment (`mainnet-21688509`)',
    target: '≤ 200 kB',
    of: prove('mainnet-21688509'),
    says: (f) => kilobytes(f.proofBytes / f.segments),
    isMet: (f) => f.proofBytes / f.segments <= 200_000,
  },
];

const VERIFY_LIMITS = { plain: 100, wasm: 20 };

/** One row per kernels of the verifier, the worst block's figure in each. */
const verifyTargets = (all) =>
  Object.entries(VERIFY_LIMITS).map(([kernels, limit]) => {
    const measured = all.filter((r) => r.bench === 'verify' && (r.parameters.kernels ?? 'plain') === kernels);
    return {
      what: `verification per segment, ${kernels === 'plain' ? 'plain TypeScript' : 'WebAssembly kernels'}`,
      target: `≤ ${limit} ms`,
      of: () => (measured.length === 0 ? undefined : { ms: Math.max(...measured.map((r) => r.figures.perSegmentMs)) }),
      says: (f) => `${f.ms.toFixed(1)} ms`,
      isMet: (f) => f.ms <= limit,
    };
  });

/**
 * Rows of a table: what, target, measured, whether it is met.
 * @param {readonly object[]} measured reports of benchmarks
 * @param {{blocks: readonly {name: string, seconds: number, peakRssBytes: number}[]}} fullCheck
 * @returns {readonly (readonly string[])[]}
 */
export function targetRows(measured, fullCheck) {
  const proven = fullCheck.blocks.map(({ name, seconds: s, ...figures }) => ({
    fullCheck: name,
    figures: { provingMs: 1000 * s, ...figures },
  }));
  const reports = [...measured, ...proven];
  return [...TARGETS, ...verifyTargets(reports)].map(({ what, target, of, says, isMet }) => {
    const figures = of(reports);
    if (figures === undefined) return [what, target, 'not measured', '–'];
    return [what, target, says(figures), isMet(figures) ? 'yes' : '**no**'];
  });
}
