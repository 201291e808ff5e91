import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs, { type Argv } from 'yargs';
import { ExitCode } from '../errors.ts';
import type { Command, CommandContext } from './command.ts';
import { executeCommand } from './execute.ts';
import { exportCommand } from './export.ts';
import { lightCommand } from './light.ts';
import { nodeCommand } from './node.ts';
import { CliError, type Outcome, printFailure, printOutcome, type Streams } from './output.ts';
import { proveCommand } from './prove.ts';
import { type Screen, StatusLine } from './status-line.ts';
import { verifyCommand } from './verify.ts';

const COMMANDS: readonly Command[] = [
  nodeCommand,
  executeCommand,
  exportCommand,
  proveCommand,
  verifyCommand,
  lightCommand,
];

const EXIT_CODE_LINES = [
  'Exit codes: 0 accepted or done; 1 block or proof rejected; 2 usage;',
  '3 input, output, data directory, port or network cannot be used; 4 a defect of this client',
];

/** Where a command line prints: the process's own streams, or a test's. */
export type Terminal = { readonly stdout: Screen; readonly stderr: Screen };

/**
 * Parses and runs one command line.
 * @returns the process's exit code: 0 accepted or done, 1 rejected, 2 usage, 3 input unreadable, 4 internal
 */
export async function runCommandLine(
  argv: readonly string[],
  { stdout, stderr }: Terminal = process,
): Promise<ExitCode> {
  const statusLine = new StatusLine(stderr);
  const streams: Streams = {
    out: (line) => {
      statusLine.clear();
      stdout.write(`${line}\n`);
    },
    err: (line) => statusLine.note(line),
  };
  const json = argv.some((word) => /^--json(=true)?$/.test(word));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, onSignal);
  const announce: CommandContext['announce'] = (result) =>
    printOutcome({ exitCode: ExitCode.ok, ...result }, json, streams);
  const context: CommandContext = {
    signal: stop.signal,
    note: streams.err,
    status: (text) => (text === undefined ? statusLine.clear() : statusLine.show(text)),
    announce,
    version: packageVersion(),
    flagGiven: (prefix) => argv.find((word) => word.startsWith(`--${prefix}`))?.split('=')[0],
  };
  try {
    const outcome = await parseAndRun(argv, context, streams);
    if (outcome === undefined) return ExitCode.ok;
    printOutcome(outcome, json, streams);
    return outcome.exitCode;
  } catch (error) {
    statusLine.clear();
    return printFailure(error, json, streams);
  } finally {
    statusLine.clear();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, onSignal);
  }
}

/** The outcome of the command that ran, or undefined where it has printed its result itself. */
async function parseAndRun(
  argv: readonly string[],
  context: CommandContext,
  streams: Streams,
): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined;
  let parser: Argv = yargs([...argv])
    .scriptName('zkl1-node')
    .usage('zkl1-node: an Ethereum execution client that proves its own blocks')
    .version(context.version)
    .help()
    .parserConfiguration({ 'dot-notation': false })
    .strict()
    .recommendCommands()
    .exitProcess(false)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .option('json', { type: 'boolean', describe: 'print exactly one JSON object on standard output', global: true })
    .fail((message: string | null, error: Error | undefined) => {
      // What an option's own reader throws comes wrapped as the parser's error: it is about the arguments all the same.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new CliError('usage', `${message ?? error?.message ?? 'bad arguments'} (zkl1-node --help)`);
    });
  for (const command of COMMANDS) {
    parser = parser.command(
      command.command,
      command.describe,
      (y) => {
        for (const [name, spec] of Object.entries(command.positionals)) y.positional(name, spec);
        for (const [name, spec] of Object.entries(command.options))
          y.option(name, { requiresArg: spec.type !== 'boolean', ...spec });
        return y;
      },
      async (args) => {
        checkGivenOnce(command, args);
        outcome = await command.run(args, context);
      },
    );
  }
  await parser.parseAsync([...argv], {}, (_error, args, output) => {
    if (output === '') return;
    const name = String(args?._[0] ?? '$0');
    const command = COMMANDS.find((each) => each.command.split(' ')[0] === name);
    streams.out(command === undefined || args?.help !== true ? output : `${output}\n\n${footer(command)}`);
  });
  return outcome;
}

/** What follows the options in `--help`: lines that can be pasted, which the parser would break. */
function footer({ examples }: Command): string {
  const lines = examples.flatMap(([line, what]) => [`  ${line.replaceAll('$0', programName())}`, `      ${what}`]);
  return ['Examples:', ...lines, '', ...EXIT_CODE_LINES].join('\n');
}

/** How this program was called, as far as the same line calls it again: a clone has no `zkl1-node` in its path. */
function programName(): string {
  const script = process.argv[1] ?? '';
  return basename(script).startsWith('main.') ? `node ${relative(process.cwd(), script)}` : 'zkl1-node';
}

/** @throws CliError `usage` for an option that was given twice, or a name without a letter */
function checkGivenOnce({ options, positionals }: Command, args: Readonly<Record<string, unknown>>): void {
  for (const [name, { array }] of Object.entries(options)) {
    const value = args[name];
    if (array !== true && Array.isArray(value))
      throw new CliError('usage', `--${name}: expected once, got ${value.join(' and ')} (zkl1-node --help)`);
    if (value === '') throw new CliError('usage', `--${name}: expected a value, got an empty one (zkl1-node --help)`);
  }
  for (const name of Object.keys(positionals))
    if (args[name] === '')
      throw new CliError('usage', `<${name}>: expected a file, got an empty name (zkl1-node --help)`);
}

/** The version in the package's own package.json: the nearest one upwards from this module. */
function packageVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      const up = dirname(folder);
      if (up === folder) return 'unknown';
      folder = up;
    }
  }
}
