/** Child process of the full-disk test: writes until a write fails, then once more; says what came of each. */
import { Store } from '../../client/execution/store/store.ts';

const store = await Store.open(process.argv[2] ?? '', new Uint8Array(32));
const codeOf = (error: unknown): string => (error as { code: string }).code;
for (let n = 0; ; n++) {
  const key = new Uint8Array(32).fill(n);
  try {
    await store.write(store.batch().put('headers', key, new Uint8Array(200_000).fill(n)));
    process.stdout.write(`${n}\n`);
  } catch (error) {
    const again = await store.write(store.batch().put('headers', key, key)).catch(codeOf);
    process.stdout.write(`${codeOf(error)} ${again} ${(error as Error).message}\n`);
    break;
  }
}
await store.close();
