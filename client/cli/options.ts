import type { Options } from 'yargs';
import { DEFAULT_DATA_DIR } from '../config.ts';
import { CliError } from './output.ts';

/** Options that more than one command takes. */
export const dataDirOption = {
  type: 'string',
  default: DEFAULT_DATA_DIR,
  describe: 'folder for everything the node keeps',
} as const satisfies Options;

/** Reads a whole number from its text. */
export function wholeNumber(name: string, min: number, max: number): (value: unknown) => number {
  return (value) => {
    const number = typeof value === 'number' ? value : Number(String(value));
    if (!Number.isInteger(number) || number < min || number > max || String(value) === '') {
      throw new CliError('usage', `--${name}: expected a whole number from ${min} to ${max}, got ${String(value)}`);
    }
    return number;
  };
}
