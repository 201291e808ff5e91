import { parseArgs } from 'node:util';

/**
 * The arguments of a script. `--help` prints how it is called and ends with 0; what it does not know ends with 2 and a line
 * that names it, before anything is installed, built or run.
 * @template {import('node:util').ParseArgsConfig['options']} T
 * @param {string} name said in front of an error
 * @param {string} usage
 * @param {T} options as `parseArgs` takes them
 * @param {boolean} [takesNames] whether arguments without a dash may follow
 */
export function readArguments(name, usage, options, takesNames = false) {
  const config = { ...options, help: { type: /** @type {const} */ ('boolean'), short: 'h', default: false } };
  try {
    const { values, positionals } = parseArgs({ options: config, allowPositionals: takesNames });
    if (values.help) {
      console.log(usage.trim());
      process.exit(0);
    }
    return { values, positionals };
  } catch (error) {
    // Behind it Node advises how to pass the option as a name.
    return refuse(name, error.message.split('. To specify')[0]);
  }
}

/**
 * The value of an option that counts something.
 * @param {string} name said in front of an error
 * @param {string} option
 * @param {string | undefined} text
 */
export function wholeNumber(name, option, text) {
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text);
  return refuse(name, `--${option}: expected a whole number, got ${text}`);
}

/**
 * Ends with 2 and one line.
 * @returns {never}
 */
export function refuse(name, why) {
  console.error(`${name}: ${why} (--help says how it is called)`);
  process.exit(2);
}
